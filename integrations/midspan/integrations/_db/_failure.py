"""Tell what a database refused, without the values that it quotes.

`Duplicate entry 'ann@example.org' for key 'users.email'`: a database's messages hold what the statement does,
or what the table does.
"""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING, Final

from midspan._redaction import redacted_text, redacted_trace
from midspan._trouble import safe_str, type_name
from midspan.trace import StatusCode

if TYPE_CHECKING:
    from midspan.trace import Span

__all__ = ["message_of", "record", "without_values"]

_LONGEST: Final = 1024
# From the first quote to the last one: what is quoted may hold quotes itself. An apostrophe (can't) is none,
# but that of b'...' is. What begins with a brace is a document.
_QUOTED: Final = re.compile(r"""(?<![A-Za-z]{2})["'`](?:.*["'`]|.*)|\{.*""")
# MySQL Connector puts parameters there as they are, if they are no list of any kind.
_PARAMETERS: Final = re.compile(r"(?<=Could not process parameters: ).*")
# redis-py puts the whole command into the message.
_PIPELINED: Final = re.compile(r"^Command # (\d+) \(.*\) of pipeline caused error:", re.DOTALL)


def record(span: Span, error: BaseException) -> None:
    """Record an error as `Span.fail` does, with `?` for what its message quotes."""
    if not span.is_recording():
        return
    message = message_of(error)
    last = f"{type_name(error)}: {message}"
    # Without what led to it, whose message is as talkative.
    stack = _without_literals(error) + last + "\n"
    span.record_exception(error, {"exception.message": message, "exception.stacktrace": stack})
    span.set_status(StatusCode.ERROR, last)


def message_of(error: BaseException) -> str:
    """Return the first line of an error's message, with `?` for what it quotes.

    The lines after it show the row (`DETAIL: Key (email)=(...)`) or the place in the statement.
    """
    arguments = error.args
    # MySQL's drivers: a number, and the text.
    is_numbered = len(arguments) > 1 and type(arguments[0]) is int and isinstance(arguments[1], str)
    text = f"({arguments[0]}) {arguments[1]}" if is_numbered else safe_str(error)
    return without_values(_PIPELINED.sub(r"Command # \1 of a pipeline:", text))


def without_values(text: str) -> str:
    """Return the first line of a message, with `?` for what it quotes."""
    line = text.lstrip().partition("\n")[0]
    return redacted_text(_PARAMETERS.sub("?", _QUOTED.sub("?", line))[:_LONGEST])


def _without_literals(error: BaseException) -> str:
    """Return where an error was raised; the lines of code, which may hold statements, without texts."""
    lines = "".join(traceback.format_tb(error.__traceback__)).split("\n")
    shown = [_QUOTED.sub("?", line) if line.startswith("    ") else line for line in lines]
    return redacted_trace("\n".join(shown))
