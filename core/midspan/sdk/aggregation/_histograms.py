"""Aggregations whose points are histograms."""

from __future__ import annotations

from operator import sub
from typing import TYPE_CHECKING, Any, Final

from midspan.metrics import ExponentialHistogramPoint, HistogramPoint, MetricKind
from midspan.metrics._boundaries import checked_boundaries
from midspan.sdk._exponential import MIN_SCALE, ExponentialSnapshot, difference
from midspan.sdk._series import ExplicitSeries, ExponentialSeries, ExtremesSeries
from midspan.sdk.aggregation._frames import extremes_for
from midspan.sdk.aggregation._protocol import Extremes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from midspan.metrics import Instrument, Point
    from midspan.sdk._series import BucketSnapshot
    from midspan.sdk.aggregation._frames import Entry, Frame
    from midspan.sdk.aggregation._protocol import Moment, Series

__all__ = ["DEFAULT_BOUNDARIES", "ExplicitBuckets", "ExponentialBuckets", "MinMaxSumCount", "histograms"]

# OpenTelemetry specification, "Explicit bucket histogram aggregation".
DEFAULT_BOUNDARIES: Final = (0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000)
_MAX_SCALE: Final = 20
# What a named tuple's own constructor calls.
_make: Final[Any] = tuple.__new__


class ExplicitBuckets:
    """Count values between boundaries: bucket `i` holds those up to `boundaries[i]`, the last the rest."""

    kind = MetricKind.HISTOGRAM

    def __init__(self, boundaries: Sequence[float] | None = None, *, record_min_max: bool = True) -> None:
        """Take ascending boundaries; None means the instrument's own, else the specification's.

        Raises:
            ValueError: The boundaries do not ascend.
        """
        self._boundaries = None if boundaries is None else checked_boundaries(boundaries)
        self.record_min_max = record_min_max

    def _limits(self, instrument: Instrument) -> tuple[float, ...]:
        if self._boundaries is not None:
            return self._boundaries
        return DEFAULT_BOUNDARIES if instrument.boundaries is None else instrument.boundaries

    def series(self, instrument: Instrument) -> Series:
        """Make counts for each bucket."""
        return ExplicitSeries(self._limits(instrument))

    def point(
        self,
        snapshot: BucketSnapshot,
        earlier: BucketSnapshot | None,
        moment: Moment,
    ) -> Point | None:
        """Make a histogram."""
        counts, total = _since(snapshot, earlier)
        count = sum(counts)
        if not count:
            return None
        low, high = _extremes(moment, wanted=self.record_min_max)
        times = (moment.start_ns, moment.time_ns)
        bounds, kept = snapshot[0], moment.exemplars
        return HistogramPoint(moment.attributes, *times, count, total, tuple(counts), bounds, low, high, kept)

    @staticmethod
    def extremes_of(snapshot: BucketSnapshot) -> Extremes:
        """Return the least and greatest value since the snapshot before."""
        return Extremes(snapshot[3], snapshot[4])

    def __repr__(self) -> str:
        return f"ExplicitBuckets{DEFAULT_BOUNDARIES if self._boundaries is None else self._boundaries!r}"


class MinMaxSumCount:
    """Keep count, sum, least and greatest: a histogram with one bucket."""

    kind = MetricKind.HISTOGRAM

    def series(self, instrument: Instrument) -> Series:  # noqa: ARG002 - the same for all
        """Make the four numbers."""
        return ExtremesSeries()

    point = ExplicitBuckets().point
    extremes_of = staticmethod(ExplicitBuckets.extremes_of)

    def __repr__(self) -> str:
        return "MinMaxSumCount()"


class ExponentialBuckets:
    """Count values in buckets that grow exponentially, as fine as `max_size` buckets allow."""

    kind = MetricKind.EXPONENTIAL_HISTOGRAM

    def __init__(
        self, max_size: int = 160, max_scale: int = _MAX_SCALE, *, record_min_max: bool = True
    ) -> None:
        """Take the greatest number of buckets of each sign, and the finest scale.

        Raises:
            ValueError: There are fewer than 2 buckets, or the scale is outside -10 to 20.
        """
        if max_size < 2 or not MIN_SCALE <= max_scale <= _MAX_SCALE:  # noqa: PLR2004 - one bucket has no scale
            message = (
                f"allowed are 2 or more buckets (max_size={max_size}) "
                f"and scales from {MIN_SCALE} to {_MAX_SCALE} (max_scale={max_scale})"
            )
            raise ValueError(message)
        self._size = (max_size, max_scale)
        self.record_min_max = record_min_max

    def series(self, instrument: Instrument) -> Series:  # noqa: ARG002 - the same for all
        """Make empty buckets."""
        return ExponentialSeries(*self._size)

    def point(
        self, snapshot: ExponentialSnapshot, earlier: ExponentialSnapshot | None, moment: Moment
    ) -> Point | None:
        """Make an exponential histogram."""
        if earlier is not None:
            snapshot = difference(snapshot, earlier)
        if not snapshot.count:
            return None
        low, high = _extremes(moment, wanted=self.record_min_max)
        return ExponentialHistogramPoint(
            moment.attributes,
            moment.start_ns,
            moment.time_ns,
            snapshot.count,
            snapshot.sum,
            snapshot.scale,
            snapshot.zero_count,
            snapshot.positive,
            snapshot.negative,
            low,
            high,
            exemplars=moment.exemplars,
        )

    @staticmethod
    def extremes_of(snapshot: ExponentialSnapshot) -> Extremes:
        """Return the least and greatest value since the snapshot before."""
        return Extremes(snapshot.low, snapshot.high)

    def __repr__(self) -> str:
        return f"ExponentialBuckets(max_size={self._size[0]}, max_scale={self._size[1]})"


def histograms(entries: Iterable[Entry], frame: Frame, *, record_min_max: bool = True) -> list[Point]:
    """Make the points of all histograms with boundaries at once."""
    start_ns, now_ns, since_ns, told, _ = frame
    points: list[Point] = []
    for series, attributes, exemplars in entries:
        snapshot = series.snapshot()
        bounds, counts, total, low, high = snapshot
        extremes = extremes_for(frame, series, low, high) if record_min_max else None
        if told is not None:
            counts, total = _since(snapshot, told.get(series))
            told[series] = snapshot
        count = sum(counts)
        if count:
            low, high = extremes or (None, None)
            kept = exemplars.collect(since_ns) if exemplars.kept else ()
            fields = (attributes, start_ns, now_ns, count, total, tuple(counts), bounds, low, high, kept)
            points.append(_make(HistogramPoint, fields))
    return points


def _since(snapshot: BucketSnapshot, earlier: BucketSnapshot | None) -> tuple[list[int], float]:
    """Return the counts and the sum since a snapshot before, if there was one."""
    counts, total = snapshot[1], snapshot[2]
    if earlier is None:
        return counts, total
    return list(map(sub, counts, earlier[1])), total - earlier[2]


def _extremes(moment: Moment, *, wanted: bool) -> tuple[float | None, float | None]:
    extremes = moment.extremes
    if not wanted or extremes is None or extremes.low > extremes.high:
        return None, None
    return extremes
