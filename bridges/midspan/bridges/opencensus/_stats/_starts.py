"""Remember since when each series is known: OpenCensus says "now" for gauges and cumulatives, each time."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from midspan.bridges.opencensus._stats._steady import items_of

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["Round", "Starts"]


class Starts:
    """When each series of a source was first seen, in nanoseconds since the epoch.

    Rounds of collection may overlap, in several threads.
    """

    def __init__(self) -> None:
        # The start, and the latest round that saw the series.
        self.known: dict[Hashable, tuple[int, int]] = {}
        self._numbers = count()

    def begin(self) -> Round:
        """Begin a round, in which every series that there is will be asked for."""
        return Round(self, next(self._numbers))


class Round:
    """One collection from a source."""

    __slots__ = ("_number", "_starts")

    def __init__(self, starts: Starts, number: int) -> None:
        self._starts = starts
        self._number = number

    def start_ns(self, series: Hashable, now_ns: int) -> int:
        """Return when a series was first seen: now, if it is new."""
        known = self._starts.known
        start_ns, seen = known.get(series, (now_ns, -1))
        known[series] = (start_ns, max(seen, self._number))
        return start_ns

    def end(self) -> None:
        """Forget the series that nobody asked for: they are gone."""
        known = self._starts.known
        for series, (_, seen) in items_of(known):
            if seen < self._number:
                known.pop(series, None)
