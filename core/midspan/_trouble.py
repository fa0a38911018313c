"""Say each trouble once, count it always, and never raise because of it.

Telemetry must not harm the application that it watches: whatever goes wrong at run time is handed to
`report`, which logs a cause the first time that it is seen, then at most once a minute with the number of
times that it came back. Strict mode (for tests) raises instead, so that nothing hides.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from typing import Any, Final

__all__ = ["counts", "describe", "note", "report", "reset", "safe_str", "set_strict"]

_INTERVAL_S: Final = 60.0
_MAX_FOREIGN_CHARS: Final = 256

_logger = logging.getLogger("midspan")
_counts: Counter[str] = Counter()
_said_at: dict[str, tuple[float, int]] = {}
_strict = False
_speaking = False


def set_strict(value: bool) -> None:  # noqa: FBT001 - a switch has one argument
    """Make every run-time trouble raise (`True`), or be logged and counted (`False`, the default)."""
    global _strict  # noqa: PLW0603 - the one switch of this module
    _strict = value


def report(cause: str, message: str, *foreign: object, error: BaseException | None = None) -> None:
    """Count a trouble under `cause` and log it, at most once a minute for each cause.

    `foreign` values fill the `%s` places of `message`; they are escaped and cut to 256 characters, for
    they may come from a hostile peer. In strict mode, `error` (or a RuntimeError) is raised instead.
    """
    _counts[cause] += 1
    if _strict:
        raise error if error is not None else RuntimeError(message % tuple(describe(f) for f in foreign))
    _say(cause, message, foreign, error)


def note(cause: str, message: str, *foreign: object, error: BaseException | None = None) -> None:
    """Do as `report`, but never raise: for threads that no caller would catch it from."""
    _counts[cause] += 1
    _say(cause, message, foreign, error)


def _say(cause: str, message: str, foreign: tuple[object, ...], error: BaseException | None) -> None:
    global _speaking  # noqa: PLW0603 - a log handler that makes spans must not bring us back here
    now = time.monotonic()
    last = _said_at.get(cause)
    if _speaking or (last is not None and now - last[0] < _INTERVAL_S):
        return
    count = _counts[cause]
    since = f" ({count - last[1]} times since this was last said)" if last is not None else ""
    _said_at[cause] = (now, count)
    _speaking = True
    try:
        text = message % tuple(describe(f) for f in foreign)
        detail = "" if error is None else f": {describe(error)}"
        _logger.warning("%s%s%s", text, detail, since)
    except Exception:  # noqa: BLE001, S110 - a handler that raises is the application's, and no reason to fail
        pass
    finally:
        _speaking = False


def describe(value: object) -> str:
    """Show a foreign value in at most 256 characters, without control characters and without raising."""
    if isinstance(value, BaseException):
        value = f"{type(value).__name__}: {safe_str(value)}"
    text = value if isinstance(value, str) else safe_str(value)
    cut = text[:_MAX_FOREIGN_CHARS]
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
    return shown if len(shown) <= _MAX_FOREIGN_CHARS else shown[:_MAX_FOREIGN_CHARS]


def safe_str(value: Any) -> str:  # noqa: ANN401 - anything at all may be asked for its text
    """Return `str(value)`, or what can be said of a value whose `__str__` raises."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - an application's __str__ may raise whatever it likes
        return f"<{type(value).__name__} that cannot be shown>"


def counts() -> dict[str, int]:
    """Return how often each cause was reported since the process began (or since `reset`)."""
    return dict(_counts)


def reset() -> None:
    """Forget every count and every line said: for tests."""
    _counts.clear()
    _said_at.clear()
