"""Say in few words what a statement does to which tables, from its words and signs in their order."""

from __future__ import annotations

from typing import Final

__all__ = ["Summary"]

_LONGEST: Final = 255
# What is followed by the name of a table.
_BEFORE_TABLE: Final = frozenset({"FROM", "INTO", "JOIN", "TABLE", "UPDATE", "VIEW"})
# What may stand before that name; and what says that there is none.
_STILL: Final = frozenset({"EXISTS", "IF", "IGNORE", "LATERAL", "NOT", "ONLY", "OR", "TABLE"})
_NO_TABLE: Final = frozenset({"NOWAIT", "OF", "ON", "OUTFILE", "SELECT", "SET", "SKIP", "STDIN", "VALUES"})
# What a statement can begin with.
_OPERATIONS: Final = frozenset(
    {"ALTER", "ANALYZE", "BEGIN", "CALL", "COMMIT", "COPY", "CREATE", "DELETE", "DROP", "EXPLAIN", "GRANT"}
    | {"INSERT", "LOCK", "MERGE", "PRAGMA", "REPLACE", "RELEASE", "REVOKE", "ROLLBACK", "SAVEPOINT", "SELECT"}
    | {"SET", "SHOW", "START", "TRUNCATE", "UPDATE", "USE", "VACUUM", "WITH"}
)
# `FOR UPDATE`, `ON DUPLICATE KEY UPDATE`, `DO UPDATE SET`, `ON DELETE CASCADE`: nothing is begun there.
_NO_VERB_AFTER: Final = frozenset({"AFTER", "BEFORE", "DO", "FOR", "KEY", "ON", "OR"})
# A password, which needs no quotes in Oracle, nor in SQLite's encrypted forms.
_KEYS: Final = frozenset({"HEXKEY", "HEXREKEY", "KEY", "REKEY", "TEXTKEY"})


class Summary:
    """What the words of a statement have said so far."""

    def __init__(self) -> None:
        self.operation: str | None = None
        self._before = ""
        self._words: list[str] = []
        self._tables: list[str] = []
        self._expects_table = False
        # A name goes on after a dot.
        self._is_in_name = False
        # Of each bracket that is open, whether a verb stands in it: only there FROM is followed by a table.
        self._has_verb = [True]

    def take(self, text: str) -> None:
        """Take the next sign, or literal."""
        self._before = text
        if text == "." and self._is_in_name:
            self._tables[-1] += "."
            self._words[-1] += "."
            return
        # `FROM a, b`, and `FROM ((a JOIN b) ...)`.
        self._expects_table = (self._is_in_name and text == ",") or (self._expects_table and text == "(")
        self._is_in_name = False
        if text == "(":
            self._has_verb.append(False)
        elif text == ")" and len(self._has_verb) > 1:
            self._has_verb.pop()

    def take_name(self, text: str, *, is_word: bool) -> None:
        """Take the next name; a word may be SQL's own, what stands in quotes is not."""
        upper = text.upper() if is_word else ""
        before, self._before = self._before, upper
        if self._is_in_name and self._tables[-1].endswith("."):
            self._tables[-1] += text
            self._words[-1] += text
            return
        self._is_in_name = False
        if self._expects_table and upper not in _STILL and upper not in _NO_TABLE:
            self._expects_table, self._is_in_name = False, True
            self._tables.append(text)
            self._words.append(text)
            return
        is_still = self._expects_table and upper in _STILL
        is_begun = upper in _OPERATIONS and before not in _NO_VERB_AFTER
        self._expects_table = is_still or self._is_before_table(upper, before)
        if is_begun and (upper not in ("SET", "REPLACE", "SHOW") or self.operation is None):
            self._begin(upper)

    def can_only_be_a_name(self) -> bool:
        """Say whether what comes next is a name, whatever it looks like: of a table, after a dot or AS."""
        return self._expects_table or self._before in (".", "AS")

    def is_before_password(self) -> bool:
        """Say whether a password is about to follow, in quotes or not."""
        return self._before == "IDENTIFIED" or (self.operation == "PRAGMA" and self._before in _KEYS)

    def only_table(self) -> str | None:
        """Return the table, if it is one."""
        return self._tables[0] if len(set(self._tables)) == 1 else None

    def text(self) -> str:
        """Return verbs and tables, cut between two words."""
        text = " ".join(self._words)
        return text if len(text) <= _LONGEST else text[:_LONGEST].rpartition(" ")[0]

    def _is_before_table(self, upper: str, before: str) -> bool:
        if upper == "FROM":
            # Not in `EXTRACT(year FROM x)`, and `x IS DISTINCT FROM y`.
            return before != "DISTINCT" and self._has_verb[-1]
        return upper in _BEFORE_TABLE and before not in _NO_VERB_AFTER

    def _begin(self, operation: str) -> None:
        # `WITH x AS (...) SELECT`, `EXPLAIN SELECT`: the verb that does it follows.
        if self.operation in (None, "WITH", "EXPLAIN"):
            self.operation = operation
        self._words.append(operation)
        self._has_verb[-1] = True
