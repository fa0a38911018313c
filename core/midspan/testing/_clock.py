"""A clock for tests: it stands still until it is told to move."""

from __future__ import annotations

__all__ = ["FakeClock"]


class FakeClock:
    """Give to `sdk.configure(clock=...)`; `advance` moves time on, `step` changes only the date.

    >>> clock = FakeClock(date_ns=1_000)
    >>> clock.advance(seconds=2)
    >>> clock.time_ns()
    2000001000
    """

    def __init__(self, date_ns: int = 1_700_000_000_000_000_000) -> None:
        """Start at a date in nanoseconds since the epoch."""
        self._monotonic_ns = 0
        self._date_ns = date_ns

    def advance(self, seconds: float = 0, *, ns: int = 0) -> None:
        """Let time pass."""
        passed_ns = round(seconds * 1e9) + ns
        self._monotonic_ns += passed_ns
        self._date_ns += passed_ns

    def step(self, seconds: float) -> None:
        """Set the date by hand, forward or back, while no time passes."""
        self._date_ns += round(seconds * 1e9)

    def monotonic_ns(self) -> int:
        """Return nanoseconds since this clock was made."""
        return self._monotonic_ns

    def time_ns(self) -> int:
        """Return the date in nanoseconds since the epoch."""
        return self._date_ns
