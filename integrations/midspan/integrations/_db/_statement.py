"""Read a statement of SQL: take its literals out, and say in few words what it does to which tables.

One pass over the text with one regular expression, which is linear in its length. It is no parser: what it
does not understand it leaves out of the summary; a literal it never leaves in.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

__all__ = ["Statement", "read"]

_LONGEST: Final = 8192
_LONGEST_SUMMARY: Final = 255
_CACHED: Final = 512
_LONGEST_CACHED: Final = 2048

# A quote that is never closed runs to the end: the text may have been cut in a literal's middle.
_ESCAPED: Final = r"(?:[^'\\]|''|\\(?:.|$))*(?:'|$)"  # 'it''s', 'it\'s'
_PLAIN: Final = r"(?:[^']|'')*(?:'|$)"  # here a \ is nothing but a \
_LITERAL: Final = rf"""
    [eE]'{_ESCAPED} | (?:[bBxXnN]|[uU]&)?'{{text}}
  | \$(?P<tag>[A-Za-z_]*)\$ .*? (?:\$(?P=tag)\$|$)              # PostgreSQL's $$text$$
  | (?<![\w$.:@%])[+-]?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)(?![\w.])
  | (?<![\w$.:@%])\.\d+(?:[eE][+-]?\d+)?
"""
_COMMENT: Final = r"/\*.*?(?:\*/|$)|--[^\n]*"
_REST: Final = r"""
  | (?P<space>\s+)
  | (?P<name>`[^`]*(?:`|$)|\[[A-Za-z_][^\]\n]{0,127}\]|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)
  | (?P<mark>\$\d+|%\(\w+\)s|%s|:\w+|@\w+|\?)
  | (?P<other>::|.)
"""
_FLAGS: Final = re.VERBOSE | re.DOTALL
_SQL: Final = re.compile(
    rf"""(?P<comment>{_COMMENT})|(?P<literal>{_LITERAL.format(text=_PLAIN)})
    |(?P<quoted>"(?:[^"]|"")*(?:"|$)){_REST}""",
    _FLAGS,
)
# In MySQL, "..." is a text like '...', a \ escapes in both, and # begins a comment.
_MYSQL: Final = re.compile(
    rf"""(?P<comment>{_COMMENT}|\#[^\n]*)|(?P<literal>{_LITERAL.format(text=_ESCAPED)}
    |"(?:[^"\\]|""|\\(?:.|$))*(?:"|$)){_REST}""",
    _FLAGS,
)
_LISTS: Final = re.compile(r"\((?:\s*\?\s*,)+\s*\?\s*\)")
_ROWS: Final = re.compile(r"\(\?\)(?:\s*,\s*\(\?\))+")

# What is followed by the name of a table, and what a statement can begin with.
_BEFORE_TABLE: Final = frozenset({"FROM", "INTO", "JOIN", "TABLE", "UPDATE", "VIEW"})
_NO_TABLE: Final = frozenset({"EXISTS", "IF", "LATERAL", "NOT", "ONLY", "OUTFILE", "SELECT", "SET", "VALUES"})
_OPERATIONS: Final = frozenset(
    {"ALTER", "ANALYZE", "BEGIN", "CALL", "COMMIT", "COPY", "CREATE", "DELETE", "DROP", "EXPLAIN", "GRANT"}
    | {"INSERT", "LOCK", "MERGE", "PRAGMA", "REPLACE", "RELEASE", "REVOKE", "ROLLBACK", "SAVEPOINT", "SELECT"}
    | {"SET", "SHOW", "START", "TRUNCATE", "UPDATE", "USE", "VACUUM", "WITH"}
)


class Statement(NamedTuple):
    """What there is to say of a statement.

    `text` has `?` for each literal, and no comments. `operation` is its verb, `collection` its one table
    (None if there are several), `summary` the verbs and tables in their order.
    """

    text: str
    operation: str | None
    collection: str | None
    summary: str


def read(statement: str, *, is_mysql: bool = False) -> Statement:
    """Read a statement, or as much of it as 8,192 characters hold."""
    if len(statement) <= _LONGEST_CACHED:
        return _remembered(statement, is_mysql)
    return _read(statement[:_LONGEST], is_mysql)


@lru_cache(maxsize=_CACHED)
def _remembered(statement: str, is_mysql: bool) -> Statement:  # noqa: FBT001 - a cache wants positions
    return _read(statement, is_mysql)


def _read(statement: str, is_mysql: bool) -> Statement:  # noqa: FBT001 - as above
    shown: list[str] = []
    summary = _Summary()
    for token in (_MYSQL if is_mysql else _SQL).finditer(statement):
        kind = token.lastgroup if token.lastgroup != "tag" else "literal"
        if kind in ("space", "comment"):
            shown.append(" ")
            continue
        text = "?" if kind == "literal" else token[0]
        shown.append(text)
        summary.take(kind, text)
    text = _ROWS.sub("(?)", _LISTS.sub("(?)", " ".join("".join(shown).split())))
    return Statement(text, summary.operation, summary.only_table(), summary.text())


class _Summary:
    """What the words of a statement have said so far."""

    def __init__(self) -> None:
        self.operation: str | None = None
        self._words: list[str] = []
        self._tables: list[str] = []
        self._expects_table = False
        # A name goes on after a dot.
        self._is_in_name = False

    def take(self, kind: str | None, text: str) -> None:
        """Take the next word or sign."""
        if kind in ("name", "quoted"):
            self._take_name(text, is_word=kind == "name" and text[0] not in "`[")
            return
        if text == "." and self._is_in_name:
            self._tables[-1] += "."
            self._words[-1] += "."
            return
        # `FROM a, b`, and `FROM ((a JOIN b) ...)`.
        self._expects_table = (self._is_in_name and text == ",") or (self._expects_table and text == "(")
        self._is_in_name = False

    def _take_name(self, text: str, *, is_word: bool) -> None:
        upper = text.upper() if is_word else ""
        if self._is_in_name and self._tables[-1].endswith("."):
            self._tables[-1] += text
            self._words[-1] += text
            return
        self._is_in_name = False
        if self._expects_table and upper not in _NO_TABLE:
            self._expects_table, self._is_in_name = False, True
            self._tables.append(text)
            self._words.append(text)
            return
        self._expects_table = upper in _BEFORE_TABLE or (self._expects_table and upper != "SELECT")
        if upper in _OPERATIONS and (upper not in ("SET", "REPLACE", "SHOW") or self.operation is None):
            self._begin(upper)

    def _begin(self, operation: str) -> None:
        # `WITH x AS (...) SELECT`, `EXPLAIN SELECT`: the verb that does it follows.
        if self.operation in (None, "WITH", "EXPLAIN"):
            self.operation = operation
        self._words.append(operation)

    def only_table(self) -> str | None:
        """Return the table, if it is one."""
        return self._tables[0] if len(set(self._tables)) == 1 else None

    def text(self) -> str:
        """Return verbs and tables, cut between two words."""
        text = " ".join(self._words)
        return text if len(text) <= _LONGEST_SUMMARY else text[:_LONGEST_SUMMARY].rpartition(" ")[0]
