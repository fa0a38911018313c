"""Say of a command of Redis what may be told of it.

Source: OpenTelemetry's semantic conventions for Redis client operations, 1.33 and later.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from midspan._trouble import safe_str

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from midspan.integrations._db._settings import Shown

__all__ = ["operation_of", "operation_of_all", "shown", "shown_all", "status_of"]

_LONGEST: Final = 8192
_LONGEST_ARGUMENT: Final = 256
_MOST_ARGUMENTS: Final = 16
_MOST_COMMANDS: Final = 100
_NAME: Final = re.compile(r"[A-Z][A-Z0-9._-]{0,63}")
# What they do, the second word says.
_CONTAINERS: Final = frozenset(
    {"ACL", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "DEBUG", "FUNCTION", "LATENCY", "MEMORY", "MODULE"}
    | {"OBJECT", "PUBSUB", "SCRIPT", "SENTINEL", "SLOWLOG", "XGROUP", "XINFO"}
)
# Their arguments are passwords, or may be.
_SECRET: Final = frozenset({"ACL SETUSER", "AUTH", "CONFIG SET", "HELLO", "MIGRATE", "SENTINEL SET"})
# An error's code stands before its message. Of some the client takes it away: `EXEC without MULTI` had ERR.
_CODE: Final = re.compile(
    r"(?:Command # \d+ .* of pipeline caused error: \W*)?"
    r"(?!(?:DISCARD|EXEC|MULTI|WATCH)\b)([A-Z][A-Z0-9]{2,})\b",
    re.DOTALL,
)
# Pipelines for asyncio of redis-py 6 and 7.0 say this in place of what the server said.
_LOST: Final = "caused error: {exception.args}"
_TAKEN_AWAY: Final = {
    "AuthenticationError": "NOAUTH",
    "BusyLoadingError": "LOADING",
    "ExecAbortError": "EXECABORT",
    "NoPermissionError": "NOPERM",
    "NoScriptError": "NOSCRIPT",
    "ReadOnlyError": "READONLY",
}
# By their names, for the library may not be here: what is no answer of Redis has no code.
_ANSWERS: Final = frozenset({"AuthenticationError", "BusyLoadingError", "ResponseError"})


def operation_of(arguments: Sequence[Any]) -> str | None:
    """Return a command's name as Redis's manual has it: `GET`, `CONFIG SET`."""
    verb, second, *_ = [*(word.upper() for word in _words(arguments[:2])), "", ""]
    if not _NAME.fullmatch(verb):
        return None
    return f"{verb} {second}" if verb in _CONTAINERS and _NAME.fullmatch(second) else verb


def operation_of_all(commands: Iterable[Sequence[Any]], kind: str) -> str:
    """Return the name of a pipeline of commands: `MULTI GET` if all have the same one, else `MULTI`."""
    names = {operation_of(arguments) for arguments in commands}
    name = names.pop() if len(names) == 1 else None
    return f"{kind} {name}" if name else kind


def shown(arguments: Sequence[Any], statements: Shown) -> str | None:
    """Return a command as it is to be recorded: its name, and `?` for each argument."""
    if statements == "none":
        return None
    operation = operation_of(arguments)
    if statements == "raw" and operation not in _SECRET:
        return " ".join(_words(arguments))[:_LONGEST]
    if operation is None:
        return None
    given = len(_words(arguments[:1])) + len(arguments[1:]) - len(operation.split())
    more = ["..."] if given > _MOST_ARGUMENTS else []
    return " ".join([operation, *["?"] * min(given, _MOST_ARGUMENTS), *more])


def shown_all(commands: Sequence[Sequence[Any]], statements: Shown) -> str | None:
    """Return the commands of a pipeline, the first hundred of them."""
    texts = [shown(arguments, statements) for arguments in commands[:_MOST_COMMANDS]]
    return "; ".join(filter(None, texts))[:_LONGEST] or None


def status_of(error: Exception) -> str | None:
    """Return the code with which Redis refused a command: `WRONGTYPE`, `ERR`."""
    if _ANSWERS.isdisjoint(kind.__name__ for kind in type(error).__mro__):
        return None
    given = getattr(error, "status_code", None)
    if isinstance(given, str):
        return given
    message = str(error.args[0]) if error.args else ""
    if message.endswith(_LOST):
        return None
    found = _CODE.match(message)
    return found[1] if found else _TAKEN_AWAY.get(type(error).__name__, "ERR")


def _words(arguments: Sequence[Any]) -> list[str]:
    """Return what is sent, word by word: of the first argument, redis-py sends its words as several."""
    if not arguments:
        return []
    first, *rest = map(_text, arguments)
    return [*first.split(), *rest]


def _text(argument: Any) -> str:  # noqa: ANN401 - whatever redis-py encodes, and what it does not
    if isinstance(argument, str):
        return argument[:_LONGEST_ARGUMENT]
    if isinstance(argument, (bytes, bytearray, memoryview)):
        return bytes(argument[:_LONGEST_ARGUMENT]).decode("utf-8", "replace")
    return safe_str(argument)[:_LONGEST_ARGUMENT] if isinstance(argument, (int, float)) else "?"
