"""Know where each database's literals, names and comments begin and end.

A reader that takes one of them for another loses step at the next quote, and then shows a literal as if it
were SQL. So each database has its own expression. Where even its server's settings decide, `Dialect.is_open`
says that what follows cannot be told.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["Dialect", "dialect_of"]

# None of these can begin the same text in two ways, so each is linear in its length, closed or not.
_PLAIN: Final = r"'[^']*(?:''[^']*)*(?:'|\Z)"  # 'it''s'; a \ is nothing but a \
_ESCAPED: Final = r"'[^'\\]*(?:(?:''|\\.)[^'\\]*)*(?:'|\\?\Z)"  # 'it''s', 'it\'s'
_DOUBLE_ESCAPED: Final = _ESCAPED.replace("'", '"')
_CLOSED: Final = r'"[^"]*(?:""[^"]*)*"(?!")'
_NOT_CLOSED: Final = r'"[^"]*(?:""[^"]*)*\Z'
_BACKTICKS: Final = r"`[^`]*`"
# PostgreSQL's $$text$$ and $a1$text$a1$: whatever is no ASCII counts as a letter.
_DOLLARS: Final = (
    r"\$(?P<tag>(?:[^\x00-\x40\x5b-\x5e\x60\x7b-\x7f][^\x00-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]*)?)\$"
    r".*?(?:\$(?P=tag)\$|\Z)"
)
# Oracle's q'[it's]'.
_Q_QUOTES: Final = (
    r"[nN]?[qQ]'(?:\[.*?(?:\]'|\Z)|\(.*?(?:\)'|\Z)|\{.*?(?:\}'|\Z)|<.*?(?:>'|\Z)"
    r"|(?P<delimiter>\S).*?(?:(?P=delimiter)'|\Z))"
)
# With all that follows without a space: 0xFF, 1e-5, 1_000, 12abc.
_NUMBER: Final = r"(?:(?<![\w$.)\]\"'`])[+-])?\.?\d(?:[eE][+-]\d|[\w.])*"
_BLOCK: Final = r"/\*.*?(?:\*/|\Z)"
_REST: Final = r"""
  | (?P<name>{name}[^\x00-\x40\x5b-\x5e\x60\x7b-\x7f\s]
                  [^\x00-\x23\x25-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f\s]*)    # letters: all that is no ASCII
  | (?P<mark>\$\d{{1,5}}(?![\w.$]) | %\(\w+\)s | %s | \? | (?<![\w)\]]):\d{{1,4}}(?!\w) | [:@][^\W\d]\w*)
  | (?P<other>::|.)
"""
# A quote behind an odd number of \: whether it ends the text depends on the server's settings.
_DOUBTFUL: Final = re.compile(r"""(?<!\\)(?:\\\\)*\\['"]""")
_QUOTE: Final = re.compile("['\"`]")


class Dialect(NamedTuple):
    """How a database's statements are read.

    `tokens` finds one after the other, each in a group: comment, literal, doubt (whatever it is, what follows
    cannot be told), quoted (in double quotes), space, name, mark (of a parameter) or other. `keeps_quoted`:
    what is in double quotes is always a name. `doubts_backslashes`: a setting says if they escape a quote.
    """

    tokens: re.Pattern[str]
    keeps_quoted: bool = False
    doubts_backslashes: bool = True

    def is_open(self, kind: str, text: str) -> bool:
        """Say whether a comment or a literal may have ended elsewhere, so that what follows is anything."""
        if kind == "comment":
            # Some databases nest them, and some take a lone \r for the end of a line. What MySQL and MariaDB
            # run all the same (`/*! */`) may have a text in it.
            is_run = text.startswith(("/*!", "/*M!")) and _QUOTE.search(text) is not None
            return is_run or "/*" in text[2:] or "\r" in text.rstrip("\r")
        return self.doubts_backslashes and text[0] not in "eE$" and _DOUBTFUL.search(text) is not None


def _tokens(
    comment: str, literal: str, *, quoted: bool = True, name: str = "", doubt: str = ""
) -> re.Pattern[str]:
    """Compile what differs with what all have in common."""
    # What is most frequent first, as far as it can be nothing else.
    first = r"(?P<space>\s+)|" + (f"(?P<doubt>{doubt})|" if doubt else "")
    double = f"|{_NOT_CLOSED})|(?P<quoted>{_CLOSED})" if quoted else ")"
    return re.compile(
        rf"{first}(?P<comment>{_BLOCK}|{comment})|(?P<literal>{_NUMBER}|{literal}{double}"
        + _REST.format(name=f"{name}|" if name else ""),
        re.VERBOSE | re.DOTALL,
    )


_LINE: Final = r"--[^\n]*"
_POSTGRES: Final = Dialect(
    _tokens(r"--[^\r\n]*", rf"[eE]{_ESCAPED}|(?:[bBxXnN]|[uU]&)?{_PLAIN}|{_DOLLARS}"), keeps_quoted=True
)
# In MySQL "..." is a text like '...', and a -- that nothing follows is two minuses.
_MYSQL: Final = Dialect(
    _tokens(
        r"--(?=[\x00-\x20]|\Z)[^\n]*|\#[^\n]*",
        rf"[bBxXnN]?{_ESCAPED}|{_DOUBLE_ESCAPED}|`[^`]*\Z",
        quoted=False,
        name=_BACKTICKS,
    )
)
# To SQLite "..." is a text wherever there is no such column: it is kept where it can only be a name.
_SQLITE: Final = Dialect(
    _tokens(_LINE, rf"[xX]?{_PLAIN}|`[^`]*\Z|\[[^\]]*\Z", name=rf"{_BACKTICKS}|\[[^\]]*\]"),
    doubts_backslashes=False,
)
_ORACLE: Final = Dialect(
    _tokens(_LINE, rf"{_Q_QUOTES}|[nN]?{_PLAIN}"), keeps_quoted=True, doubts_backslashes=False
)
# "..." is a text where QUOTED_IDENTIFIER is off.
_SQL_SERVER: Final = Dialect(
    _tokens(
        _LINE, rf"[nN]?{_PLAIN}|\$[\d.]+|\[[^\]]*(?:\]\][^\]]*)*\Z", name=r"\[[^\]]*(?:\]\][^\]]*)*\](?!\])"
    ),
    doubts_backslashes=False,
)
# Of a database that is not known: whatever means different things in different ones ends what can be told.
_OTHER: Final = Dialect(
    _tokens(
        _LINE,
        rf"[bBxXnN]?{_PLAIN}|{_DOLLARS}",
        name=r"`[\w.$@-]*`",
        doubt=r"""'''|\"\"\"|\#|//|[nN]?[qQ]'|`(?![\w.$@-]*`)""",
    )
)
_BY_SYSTEM: Final = {
    "postgresql": _POSTGRES,
    "aws.redshift": _POSTGRES,
    "cockroachdb": _POSTGRES,
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "sqlite": _SQLITE,
    "oracle.db": _ORACLE,
    "microsoft.sql_server": _SQL_SERVER,
}


def dialect_of(system: str) -> Dialect:
    """Return how the statements of a database are read; it goes by its registered name."""
    return _BY_SYSTEM.get(system, _OTHER)
