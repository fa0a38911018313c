"""Say each trouble once, count it always, and never raise because of it.

Telemetry must not harm the application that it watches: whatever goes wrong at run time is handed to
`report`, which logs a cause the first time that it is seen, then at most once a minute with the number of
times that it came back. Strict mode (for tests) raises instead, so that nothing hides.
"""

from __future__ import annotations

import sys
import time

from midspan._forks import after_in_child
from midspan._native import allocate_lock
from midspan._signals import let_through
from midspan._tally import Tallies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from typing import Any, Final
else:
    # The same class; `collections` itself would cost 2 ms at import.
    from _collections import deque

__all__ = [
    "counts",
    "describe",
    "note",
    "prepare",
    "report",
    "reset",
    "safe_str",
    "say_what_waits",
    "set_strict",
    "type_name",
]

_INTERVAL_S: Final = 60.0
_MAX_FOREIGN_CHARS: Final = 256
_MOST_READ_CHARS: Final = 4_096
_MAX_WAITING: Final = 64
# Where locks are held that a log handler may want as well.
_LOGGING: Final = frozenset({"logging", "logging.handlers", "queue", "multiprocessing.queues"})

_counts: Final = Tallies()
_said_at: Final[dict[str, tuple[float, int]]] = {}
_waiting: Final[deque[str]] = deque(maxlen=_MAX_WAITING)
_renewing = allocate_lock()
_strict = False


def set_strict(value: bool) -> None:  # noqa: FBT001 - a switch has one argument
    """Make every run-time trouble raise (`True`), or be logged and counted (`False`, the default)."""
    global _strict  # noqa: PLW0603 - the one switch of this module
    _strict = value


def report(cause: str, message: str, *foreign: object, error: BaseException | None = None) -> None:
    """Count a trouble under `cause` and log it, at most once a minute for each cause.

    `foreign` values fill the `%s` places of `message`; they are escaped and cut to 256 characters, for
    they may come from a hostile peer. In strict mode, `error` (or a RuntimeError) is raised instead; one
    that comes from a signal handler of the application is no trouble of ours, and is always raised.
    """
    if error is not None:
        let_through(error)
    _counts.add(cause)
    if _strict:
        raise error if error is not None else RuntimeError(message % tuple(describe(f) for f in foreign))
    _say(cause, message, foreign, error)


def note(cause: str, message: str, *foreign: object, error: BaseException | None = None) -> None:
    """Do as `report`, but never raise: for threads that no caller would catch it from."""
    _counts.add(cause)
    _say(cause, message, foreign, error)


def _say(cause: str, message: str, foreign: tuple[object, ...], error: BaseException | None) -> None:
    last = _said_at.get(cause)
    if last is not None and time.monotonic() - last[0] < _INTERVAL_S:
        return
    if not _is_ours_to_say(cause, last):
        return
    since = "" if last is None else f" ({_counts.value(cause) - last[1]} times since this was last said)"
    _waiting.append(_compose(message, foreign, error) + since)
    # A signal handler, or the finaliser of an object, may have interrupted this very thread while it logs:
    # in a handler's lock, where logging once more would wait for ever. The line is said a little later.
    if not _is_logging_here():
        say_what_waits()


def _is_ours_to_say(cause: str, last: tuple[float, int] | None) -> bool:
    """Choose one of the threads that report the same cause in the same moment."""
    now = (time.monotonic(), _counts.value(cause))
    if last is None:
        return _said_at.setdefault(cause, now) is now
    if not _renewing.acquire(blocking=False):
        return False
    try:
        is_ours = _said_at.get(cause) is last
        _said_at[cause] = now
        return is_ours
    finally:
        _renewing.release()


def _compose(message: str, foreign: tuple[object, ...], error: BaseException | None) -> str:
    try:
        text = message % tuple(describe(f) for f in foreign)
        return text if error is None else f"{text}: {describe(error)}"
    except Exception:  # noqa: BLE001 - a value whose every method raises
        return message


def _is_logging_here() -> bool:
    frame: Any = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__") in _LOGGING:
            return True
        frame = frame.f_back
    return False


def say_what_waits() -> None:
    """Log the lines that could not be logged when their trouble came."""
    while _waiting:
        try:
            line = _waiting.popleft()
            prepare().getLogger("midspan").warning("%s", line)
        except Exception as error:  # noqa: BLE001 - a handler that raises is the application's, no reason to fail
            let_through(error)


def prepare() -> Any:  # noqa: ANN401 - a module
    """Import what a report needs; done ahead, no signal handler is kept waiting for an import."""
    import logging  # noqa: PLC0415 - costs 8 ms, and most processes that only import the API have no trouble

    import midspan._redaction  # noqa: F401, PLC0415 - for the message of an error

    return logging


def describe(value: object) -> str:
    """Show a foreign value in at most 256 characters, without control characters and without raising."""
    text = safe_str(value)
    if issubclass(type(value), BaseException):
        text = f"{type_name(value)}: {_without_secrets(text[:_MOST_READ_CHARS])}"
    cut = text[:_MAX_FOREIGN_CHARS]
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
    return shown if len(shown) <= _MAX_FOREIGN_CHARS else shown[:_MAX_FOREIGN_CHARS]


def _without_secrets(message: str) -> str:
    from midspan._redaction import redacted_text  # noqa: PLC0415 - needs re, which most processes do without

    # Before it is cut: half a URL no longer shows what of it is a password.
    return redacted_text(message)


def safe_str(value: Any) -> str:  # noqa: ANN401 - anything at all may be asked for its text
    """Return `str(value)`, as a str and nothing derived, or what can be said where `__str__` raises."""
    try:
        # Of a string its characters, whatever its class has made of `__str__`.
        return str.__str__(value if issubclass(type(value), str) else str(value))
    except Exception as error:  # noqa: BLE001 - an application's __str__ may raise whatever it likes
        let_through(error)
        return f"<{type_name(value)} that cannot be shown>"


def type_name(value: object) -> str:
    """Return the name of a value's type, which a metaclass may hide."""
    return type.__dict__["__name__"].__get__(type(value))  # type: ignore[no-any-return]


def counts() -> dict[str, int]:
    """Return how often each cause was reported since the process began (or since `reset`)."""
    return _counts.values()


def reset() -> None:
    """Forget every count and every line said: for tests, and for a forked child, which has none yet."""
    _counts.clear()
    _said_at.clear()
    _waiting.clear()


def _after_fork_in_child() -> None:
    global _renewing  # noqa: PLW0603 - a thread of the parent may have held it
    _renewing = allocate_lock()
    reset()


after_in_child(_after_fork_in_child)
