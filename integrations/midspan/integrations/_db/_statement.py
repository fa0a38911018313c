"""Read a statement of SQL: take its literals out, and say in few words what it does to which tables.

One pass over the text with one regular expression, which is linear in its length. It is no parser: what it
does not understand it leaves out of the summary, and where it cannot tell what ends a literal, it leaves out
all that follows; a literal it never leaves in.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from midspan.integrations._db._dialects import dialect_of
from midspan.integrations._db._summary import Summary

if TYPE_CHECKING:
    from midspan.integrations._db._dialects import Dialect

__all__ = ["Statement", "read"]

_LONGEST: Final = 8192
# How many of the shorter ones are remembered, and of the others: 2 MB of text.
_CACHED: Final = 512
_SHORT: Final = 2048
_CACHED_LONG: Final = 64
_LISTS: Final = re.compile(r"\((?:\s*\?\s*,)+\s*\?\s*\)")
_ROWS: Final = re.compile(r"\(\?\)(?:\s*,\s*\(\?\))+")
_CUT: Final = " ..."


class Statement(NamedTuple):
    """What there is to say of a statement.

    `text` has `?` for each literal, and no comments. `operation` is its verb, `collection` its one table
    (None if there are several), `summary` the verbs and tables in their order.
    """

    text: str
    operation: str | None
    collection: str | None
    summary: str


def read(statement: str, system: str) -> Statement:
    """Read a statement, or as much of it as 8,192 characters hold, as the database `system` does."""
    if len(statement) <= _SHORT:
        return _read_short(statement, system)
    return _read_long(statement[:_LONGEST], system)


def _read(statement: str, system: str) -> Statement:
    dialect = dialect_of(system)
    shown: list[str] = []
    summary = Summary()
    for token in dialect.tokens.finditer(statement):
        kind = token.lastgroup or "literal"
        if kind == "space":
            shown.append(" ")
            continue
        text = token[0]
        if kind == "quoted" and not _is_name(dialect, summary, statement, token.end()):
            kind = "literal"
        if kind in ("other", "mark"):
            shown.append(text)
            summary.take(text)
        elif kind in ("name", "quoted"):
            shown.append(text)
            summary.take_name(text, is_word=kind == "name" and text[0] not in "`[")
            if summary.is_before_password():
                shown.append(_CUT)
                break
        elif kind == "doubt" or ((kind == "comment" or "\\" in text) and dialect.is_open(kind, text)):
            shown.append(_CUT if kind in ("comment", "doubt") else f"?{_CUT}")
            break
        elif kind == "comment":
            shown.append(" ")
        else:
            shown.append("?")
            summary.take("?")
    text = _ROWS.sub("(?)", _LISTS.sub("(?)", " ".join("".join(shown).split())))
    return Statement(text, summary.operation, summary.only_table(), summary.text())


_read_short: Final = lru_cache(maxsize=_CACHED)(_read)
_read_long: Final = lru_cache(maxsize=_CACHED_LONG)(_read)


def _is_name(dialect: Dialect, summary: Summary, statement: str, end: int) -> bool:
    """Say whether what stands in double quotes, up to `end`, is a name, and no text."""
    return dialect.keeps_quoted or statement[end : end + 1] == "." or summary.can_only_be_a_name()
