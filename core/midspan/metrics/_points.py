"""Finished metrics, as an exporter sees them.

The shapes are those of OpenTelemetry's data model; the numbers of the enumerations are OTLP's
(metrics.proto). Everything here is read-only once it is made.
"""

from __future__ import annotations

import enum

from midspan._record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, TypeAlias

    from midspan.trace import InstrumentationScope

__all__ = [
    "Buckets",
    "Exemplar",
    "ExponentialHistogramPoint",
    "HistogramPoint",
    "Metric",
    "MetricKind",
    "NumberPoint",
    "Point",
    "SummaryPoint",
    "Temporality",
]


class MetricKind(enum.Enum):
    """What the points of a metric are."""

    SUM = "sum"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    EXPONENTIAL_HISTOGRAM = "exponential_histogram"
    SUMMARY = "summary"


class Temporality(enum.IntEnum):
    """Whether a point tells of the time since the last one, or since the start."""

    DELTA = 1
    CUMULATIVE = 2


class Exemplar(NamedTuple):
    """One measurement that stands for many, and the span in which it was made."""

    value: float
    timestamp_ns: int
    trace_id: int = 0
    span_id: int = 0
    # What a view took away from the attributes.
    filtered_attributes: Mapping[str, Any] = {}


class NumberPoint(NamedTuple):
    """The value of one series of a sum or a gauge. Times are nanoseconds since the epoch."""

    attributes: Mapping[str, Any]
    start_ns: int
    time_ns: int
    value: float
    exemplars: Sequence[Exemplar] = ()


class HistogramPoint(NamedTuple):
    """One series of a histogram: `bucket_counts[i]` counts values up to `bounds[i]`, the last the rest."""

    attributes: Mapping[str, Any]
    start_ns: int
    time_ns: int
    count: int  # type: ignore[assignment]  # as OTLP calls it; nobody counts items of a point
    sum: float | None
    bucket_counts: Sequence[int]
    bounds: Sequence[float]
    min: float | None = None
    max: float | None = None
    exemplars: Sequence[Exemplar] = ()


class Buckets(NamedTuple):
    """Counts of one sign of an exponential histogram: `counts[i]` is bucket `offset + i`."""

    offset: int
    counts: Sequence[int]


class ExponentialHistogramPoint(NamedTuple):
    """One series whose buckets grow by the factor 2 ** (2 ** -scale)."""

    attributes: Mapping[str, Any]
    start_ns: int
    time_ns: int
    count: int  # type: ignore[assignment]  # as OTLP calls it; nobody counts items of a point
    sum: float | None
    scale: int
    zero_count: int
    positive: Buckets
    negative: Buckets
    min: float | None = None
    max: float | None = None
    zero_threshold: float = 0.0
    exemplars: Sequence[Exemplar] = ()


class SummaryPoint(NamedTuple):
    """One series of a summary, which only foreign sources make: pairs of quantile and value."""

    attributes: Mapping[str, Any]
    start_ns: int
    time_ns: int
    count: int  # type: ignore[assignment]  # as OTLP calls it; nobody counts items of a point
    sum: float
    quantiles: Sequence[tuple[float, float]] = ()


if TYPE_CHECKING:
    Point: TypeAlias = NumberPoint | HistogramPoint | ExponentialHistogramPoint | SummaryPoint
else:
    Point = object


class Metric(NamedTuple):
    """All series of one name, at one moment."""

    name: str
    unit: str
    description: str
    scope: InstrumentationScope
    resource: Any
    kind: MetricKind
    points: Sequence[Point]
    temporality: Temporality = Temporality.CUMULATIVE
    is_monotonic: bool = False
