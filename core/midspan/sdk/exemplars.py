"""Keep a few measurements as examples, so that a number can be followed into a trace.

A view may choose how many a series keeps, or the reservoir that keeps them:

>>> from midspan import sdk
>>> view = sdk.View(name="payments", reservoir=4)
>>> view = sdk.View(name="latency", reservoir=lambda: sdk.exemplars.Aligned([100, 500]))
"""

from __future__ import annotations

import random
import time
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Final, Protocol

from midspan.metrics import Exemplar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from midspan.trace import Span

__all__ = ["Aligned", "FixedSize", "Reservoir"]

_below: Final = random.Random().randrange  # noqa: S311 - for choosing, not for secrets
_NOTHING: Final[Mapping[str, Any]] = {}


class Reservoir(Protocol):
    """What chooses among the measurements of one series; any thread may call it at any time."""

    def offer(self, value: float, span: Span | None, filtered: Mapping[str, Any] | None = None) -> None:
        """Keep a measurement, or not: made in `span`, with the attributes that a view took away."""
        ...

    def collect(self, since_ns: int) -> Sequence[Exemplar]:
        """Return what was measured after a moment, and prefer what comes from now on."""
        ...


class _Places:
    """A few places, each with the measurement that took it last; none are made before there is one."""

    __slots__ = ("kept",)

    def __init__(self) -> None:
        # By place; an exemplar is made of each when somebody collects.
        self.kept: dict[int, tuple[Any, ...]] = {}

    def _put(self, place: int, value: float, span: Span | None, filtered: Mapping[str, Any] | None) -> None:
        trace_id, span_id = (0, 0) if span is None else (span._trace_id, span._span_id)
        self.kept[place] = (value, time.time_ns(), trace_id, span_id, filtered or _NOTHING)

    def collect(self, since_ns: int) -> tuple[Exemplar, ...]:
        """Return what was measured after a moment, and prefer what comes from now on."""
        kept = [self.kept.get(place) for place in sorted(self.kept)] if self.kept else ()
        return tuple(Exemplar(*each) for each in kept if each is not None and each[1] > since_ns)


class FixedSize(_Places):
    """Give each measurement since the last collection the same chance (Vitter's algorithm R)."""

    __slots__ = ("_seen", "_size")

    def __init__(self, size: int) -> None:
        """Take the number of places.

        Raises:
            ValueError: There is none.
        """
        if size < 1:
            message = f"a reservoir has 1 place or more: {size!r}"
            raise ValueError(message)
        super().__init__()
        self._size = size
        self._seen = 0

    def offer(self, value: float, span: Span | None, filtered: Mapping[str, Any] | None = None) -> None:
        """Keep a measurement, or not."""
        self._seen = seen = self._seen + 1
        place = seen - 1 if seen <= self._size else _below(seen)
        if place < self._size:
            self._put(place, value, span, filtered)

    def collect(self, since_ns: int) -> tuple[Exemplar, ...]:
        """Return what was measured after a moment, and prefer what comes from now on."""
        self._seen = 0
        return super().collect(since_ns)


class Aligned(_Places):
    """Keep the last measurement of each bucket of a histogram."""

    __slots__ = ("_bounds",)

    def __init__(self, bounds: Sequence[float]) -> None:
        """Take the boundaries of the buckets, ascending."""
        super().__init__()
        self._bounds = bounds

    def offer(self, value: float, span: Span | None, filtered: Mapping[str, Any] | None = None) -> None:
        """Keep a measurement as its bucket's."""
        self._put(bisect_left(self._bounds, value), value, span, filtered)
