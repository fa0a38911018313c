"""Keep a few measurements that were made in sampled spans, so that a number can be followed into a trace."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Final

from midspan.metrics import Exemplar

if TYPE_CHECKING:
    from midspan.trace import Span

__all__ = ["Aligned", "FixedSize"]

# For choosing, not for secrets.
_below: Final = random.Random().randrange  # noqa: S311


class _Reservoir:
    """A few places, each with the measurement that took it last."""

    __slots__ = ("_places", "_seen")

    def __init__(self, size: int) -> None:
        self._places: list[Exemplar | None] = [None] * size
        self._seen = 0

    def _put(self, place: int, value: float, span: Span) -> None:
        self._places[place] = Exemplar(value, time.time_ns(), span._trace_id, span._span_id)

    def collect(self, since_ns: int) -> tuple[Exemplar, ...]:
        """Return what was measured after a moment, and prefer what comes from now on."""
        self._seen = 0
        return tuple(kept for kept in self._places if kept is not None and kept.timestamp_ns > since_ns)


class FixedSize(_Reservoir):
    """Give each measurement since the last collection the same chance (Vitter's algorithm R)."""

    __slots__ = ()

    def offer(self, value: float, span: Span) -> None:
        """Keep a measurement, or not."""
        self._seen = seen = self._seen + 1
        size = len(self._places)
        place = seen - 1 if seen <= size else _below(seen)
        if place < size:
            self._put(place, value, span)


class Aligned(_Reservoir):
    """Keep the last measurement of each bucket of a histogram."""

    __slots__ = ()

    def offer(self, value: float, span: Span, bucket: int) -> None:
        """Keep a measurement as its bucket's."""
        self._put(bucket, value, span)
