"""A clock that never runs backwards, anchored to the epoch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, Protocol

from midspan import _trouble

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock", "Guarded", "SystemClock"]

_INT64: Final = 1 << 63


class Clock(Protocol):
    """Two functions: one for durations, one for dates. `testing.FakeClock` is another."""

    def monotonic_ns(self) -> int:
        """Return nanoseconds that only grow."""
        ...

    def time_ns(self) -> int:
        """Return nanoseconds since the epoch, as the machine has them now."""
        ...


class SystemClock:
    """The machine's clocks."""

    monotonic_ns = staticmethod(time.monotonic_ns)
    time_ns = staticmethod(time.time_ns)


class Guarded:
    """A clock of somebody else's making: the machine's stands in where it fails."""

    def __init__(self, clock: Clock) -> None:
        """Take a clock.

        Raises:
            TypeError: It has no functions `monotonic_ns` and `time_ns`.
        """
        functions = [getattr(clock, name, None) for name in ("monotonic_ns", "time_ns")]
        if not all(map(callable, functions)):
            message = f"{clock!r} is no clock: it has no functions monotonic_ns and time_ns"
            raise TypeError(message)
        self.monotonic_ns = _guarded(clock.monotonic_ns, time.monotonic_ns)
        self.time_ns = _guarded(clock.time_ns, time.time_ns)


def _guarded(read: Callable[[], Any], instead: Callable[[], int]) -> Callable[[], int]:
    def guarded() -> int:
        error: Exception | None = None
        try:
            now = read()
            if type(now) is int and 0 <= now < _INT64:
                return now
        except Exception as raised:  # noqa: BLE001 - a clock may be the application's own
            error = raised
        _trouble.report("clock.failed", "the clock gave no time; the machine's was taken", error=error)
        return instead()

    return guarded


def offset_ns(clock: Clock) -> int:
    """Return what to add to the monotonic clock to get the date.

    Of three readings the one that took least time counts: a pause between two reads would shift every span.
    """
    best: tuple[int, int] | None = None
    for _ in range(3):
        before = clock.monotonic_ns()
        date = clock.time_ns()
        after = clock.monotonic_ns()
        if best is None or after - before < best[0]:
            best = (after - before, date - (before + after) // 2)
    assert best is not None  # noqa: S101 - for the type checker: the loop ran
    return best[1]
