"""Say how measurements of one instrument become points: choose one in a `View`, or register your own.

An aggregation makes series, and makes points of their snapshots.

>>> from midspan.sdk import aggregation
>>> aggregation.by_name("explicit_bucket_histogram")
ExplicitBuckets(0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000)
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from midspan.metrics import (
    ExponentialHistogramPoint,
    HistogramPoint,
    MetricKind,
    NumberPoint,
)
from midspan.sdk._exponential import MIN_SCALE, ExponentialSnapshot, difference
from midspan.sdk._series import (
    ExplicitSeries,
    ExponentialSeries,
    ExtremesSeries,
    LastValueSeries,
    SumSeries,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from midspan.metrics import Exemplar, Instrument, Point
    from midspan.sdk._series import BucketSnapshot

__all__ = [
    "DEFAULT_BOUNDARIES",
    "Aggregation",
    "Drop",
    "ExplicitBuckets",
    "ExponentialBuckets",
    "Extremes",
    "LastValue",
    "MinMaxSumCount",
    "Moment",
    "Series",
    "Sum",
    "by_name",
    "default_for",
    "register",
]

# OpenTelemetry specification, "Explicit bucket histogram aggregation".
DEFAULT_BOUNDARIES: Final = (0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000)
_MAX_SCALE: Final = 20


class Series(Protocol):
    """The running state of one set of attributes."""

    def update(self, amount: float) -> None:
        """Take one measurement; never raises, never waits."""
        ...

    def snapshot(self) -> Any:  # noqa: ANN401 - the aggregation's own
        """Return an immutable picture of the state, None if there is nothing to tell."""
        ...


class Extremes(NamedTuple):
    """The least and greatest value of the time that a point tells of; none if `low` is above `high`."""

    low: float
    high: float


class Moment(NamedTuple):
    """What all points of one collection share, or one series brings along."""

    attributes: Mapping[str, Any]
    start_ns: int
    time_ns: int
    exemplars: Sequence[Exemplar]
    extremes: Extremes | None = None


class Aggregation(Protocol):
    """How one kind of point comes about."""

    @property
    def kind(self) -> MetricKind | None:
        """What its points are; None: it makes none."""
        ...

    def series(self, instrument: Instrument) -> Series:
        """Make the state of one more set of attributes."""
        ...

    def point(self, snapshot: Any, earlier: Any, moment: Moment) -> Point | None:  # noqa: ANN401 - its own
        """Make a point of a snapshot; with `earlier`, of what came since. None: nothing to tell."""
        ...


class Sum:
    """Add up."""

    kind = MetricKind.SUM

    def series(self, instrument: Instrument) -> Series:
        """Make a sum that refuses to shrink if the instrument is monotonic."""
        return SumSeries(is_monotonic=instrument.is_monotonic)

    def point(self, snapshot: float, earlier: float | None, moment: Moment) -> Point | None:
        """Make a number."""
        if earlier is not None:
            snapshot -= earlier
            if not snapshot:
                return None
        return NumberPoint(moment.attributes, moment.start_ns, moment.time_ns, snapshot, moment.exemplars)

    def __repr__(self) -> str:
        return "Sum()"


class LastValue:
    """Keep the last value."""

    kind = MetricKind.GAUGE

    def series(self, instrument: Instrument) -> Series:  # noqa: ARG002 - the same for all
        """Make a memory of one value."""
        return LastValueSeries()

    def point(self, snapshot: float | None, earlier: float | None, moment: Moment) -> Point | None:  # noqa: ARG002 - a gauge has no difference
        """Make a number."""
        if snapshot is None:
            return None
        return NumberPoint(moment.attributes, moment.start_ns, moment.time_ns, snapshot, moment.exemplars)

    def __repr__(self) -> str:
        return "LastValue()"


class ExplicitBuckets:
    """Count values between boundaries: bucket `i` holds those up to `boundaries[i]`, the last the rest."""

    kind = MetricKind.HISTOGRAM

    def __init__(self, boundaries: Sequence[float] | None = None, *, record_min_max: bool = True) -> None:
        """Take ascending boundaries; None means the instrument's own, else the specification's.

        Raises:
            ValueError: The boundaries do not ascend.
        """
        self._boundaries = None if boundaries is None else tuple(boundaries)
        limits = self._boundaries or ()
        if any(a >= b for a, b in itertools.pairwise(limits)):
            message = f"boundaries must ascend: {limits!r}"
            raise ValueError(message)
        self._record_min_max = record_min_max

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
        bounds, counts, total, *_ = snapshot
        if earlier is not None:
            counts = [now - before for now, before in zip(counts, earlier[1], strict=True)]
            total -= earlier[2]
        return _histogram(bounds, counts, total, moment, record_min_max=self._record_min_max)

    @staticmethod
    def extremes_of(snapshot: BucketSnapshot) -> Extremes:
        """Return the least and greatest value since the snapshot before."""
        return Extremes(snapshot[3], snapshot[4])

    def __repr__(self) -> str:
        return f"ExplicitBuckets{self._boundaries or DEFAULT_BOUNDARIES!r}"


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
        self._record_min_max = record_min_max

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
        low, high = _extremes(moment, wanted=self._record_min_max)
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


class Drop:
    """Record nothing."""

    kind = None

    def series(self, instrument: Instrument) -> Series:  # noqa: ARG002 - never used
        """Make what is thrown away."""
        return LastValueSeries()

    def point(self, snapshot: Any, earlier: Any, moment: Moment) -> Point | None:  # noqa: ANN401, ARG002 - as above
        """Make none."""
        return None

    def __repr__(self) -> str:
        return "Drop()"


def _histogram(
    bounds: Sequence[float], counts: list[int], total: float, moment: Moment, *, record_min_max: bool
) -> Point | None:
    count = sum(counts)
    if not count:
        return None
    low, high = _extremes(moment, wanted=record_min_max)
    return HistogramPoint(
        moment.attributes,
        moment.start_ns,
        moment.time_ns,
        count,
        total,
        tuple(counts),
        bounds,
        low,
        high,
        moment.exemplars,
    )


def _extremes(moment: Moment, *, wanted: bool) -> tuple[float | None, float | None]:
    extremes = moment.extremes
    if not wanted or extremes is None or extremes.low > extremes.high:
        return None, None
    return extremes


_REGISTRY: Final[dict[str, Callable[[], Aggregation]]] = {
    "sum": Sum,
    "last_value": LastValue,
    "explicit_bucket_histogram": ExplicitBuckets,
    "base2_exponential_bucket_histogram": ExponentialBuckets,
    "min_max_sum_count": MinMaxSumCount,
    "drop": Drop,
}


def register(name: str, factory: Callable[[], Aggregation]) -> None:
    """Make an aggregation of your own known by name."""
    _REGISTRY[name] = factory


def by_name(name: str) -> Aggregation:
    """Make a registered aggregation.

    Raises:
        ValueError: There is none of that name.
    """
    if name not in _REGISTRY:
        message = f"aggregation {name!r} is not valid: allowed is one of {', '.join(_REGISTRY)}"
        raise ValueError(message)
    return _REGISTRY[name]()


_DEFAULTS: Final[dict[str, Callable[[], Aggregation]]] = {
    "counter": Sum,
    "up_down_counter": Sum,
    "observable_counter": Sum,
    "observable_up_down_counter": Sum,
    "histogram": ExplicitBuckets,
    "gauge": LastValue,
    "observable_gauge": LastValue,
}


def default_for(instrument: Instrument) -> Aggregation:
    """Return the specification's aggregation for a kind of instrument."""
    return _DEFAULTS[instrument.kind]()
