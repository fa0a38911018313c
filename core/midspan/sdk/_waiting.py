"""Wait for others without holding a lock, and never beyond a deadline."""

from __future__ import annotations

import _thread
import time
from typing import TYPE_CHECKING, Final, TypeAlias

from midspan import _trouble

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Wait", "begin", "poll", "seconds_left"]

# Waits until a deadline (monotonic seconds) for what was begun, and says whether it was done by then.
Wait: TypeAlias = "Callable[[float], bool]"

_FIRST_POLL_S: Final = 0.0002
_LAST_POLL_S: Final = 0.02


def seconds_left(deadline_s: float) -> float:
    """Return the seconds until a deadline (monotonic seconds); 0 once it has passed."""
    return max(0.0, deadline_s - time.monotonic())


def poll(done: Callable[[], object], deadline_s: float) -> bool:
    """Wait until `done()` or until the deadline; return the last answer.

    Polling, because a lock or an event that somebody holds can be inherited by a fork, interrupted by a
    signal handler, or belong to a gevent that was patched in half-way.
    """
    pause_s = _FIRST_POLL_S
    while not done():
        left_s = seconds_left(deadline_s)
        if not left_s:
            return bool(done())
        time.sleep(min(pause_s, left_s))
        pause_s = min(pause_s * 2, _LAST_POLL_S)
    return True


def begin(cause: str, function: Callable[[float], object], deadline_s: float) -> Wait:
    """Begin to call what takes its seconds as an argument; the wait says False if it failed or was late.

    It may be the application's own, so it runs in a thread that can be left behind.
    """
    answers: list[bool] = []

    def answer() -> None:
        try:
            answers.append(function(seconds_left(deadline_s)) is not False)
        except BaseException as error:  # noqa: BLE001 - SystemExit and the like end nothing here
            answers.append(False)
            _trouble.note(cause, "%s failed", cause, error=error)

    try:
        _thread.start_new_thread(answer, ())
    except RuntimeError:  # The interpreter shuts down, and starts no thread any more.
        answer()
    return lambda deadline_s: poll(lambda: answers, deadline_s) and answers[0]
