"""A clock that never runs backwards, anchored to the epoch."""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


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
