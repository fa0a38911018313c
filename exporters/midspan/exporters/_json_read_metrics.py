"""Read metrics back from the JSON form of OTLP requests.

As with spans, nothing is taken for granted: a metric that cannot be read is left out and counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan.exporters._json_parse import (
    Signal,
    attributes_in,
    double_in,
    id_in,
    int_in,
    items_in,
    list_in,
    object_in,
    time_in,
)
from midspan.metrics import (
    Buckets,
    Exemplar,
    ExponentialHistogramPoint,
    HistogramPoint,
    Metric,
    MetricKind,
    NumberPoint,
    SummaryPoint,
    Temporality,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from midspan.metrics import Point
    from midspan.resource import Resource
    from midspan.trace import InstrumentationScope

__all__ = ["read_metrics"]

_METRICS: Final = Signal("resourceMetrics", "scopeMetrics", "metrics", "metric")


def read_metrics(documents: Iterable[str | bytes | Mapping[str, Any]]) -> Iterator[Metric]:
    """Yield the metrics of OTLP/JSON requests, given as lines of a file or parsed.

    Lines that are empty or hold spans are passed over.

    >>> list(read_metrics(['{"resourceMetrics": []}', ""]))
    []
    """
    return items_in(documents, _METRICS, _metric)


def _metric(fields: Mapping[str, Any], resource: Resource, scope: InstrumentationScope) -> Metric:
    kind, data, point = _data(fields)
    temporality = Temporality.CUMULATIVE
    if kind not in {MetricKind.GAUGE, MetricKind.SUMMARY}:
        temporality = Temporality(int_in(data.get("aggregationTemporality")))
    return Metric(
        str(fields.get("name", "")),
        str(fields.get("unit", "")),
        str(fields.get("description", "")),
        scope,
        resource,
        kind,
        tuple(point(object_in(each)) for each in list_in(data, "dataPoints")),
        temporality,
        data.get("isMonotonic") is True,
    )


def _data(
    fields: Mapping[str, Any],
) -> tuple[MetricKind, Mapping[str, Any], Callable[[Mapping[str, Any]], Point]]:
    """Return of what kind a metric is, what holds its points, and how to read one of them."""
    for name, (kind, point) in _POINTS.items():
        if fields.get(name) is not None:
            return kind, object_in(fields[name]), point
    message = "a metric should have points of some kind"
    raise ValueError(message)


def _number(fields: Mapping[str, Any]) -> NumberPoint:
    return NumberPoint(*_frame(fields), _amount(fields), _exemplars(fields))


def _histogram(fields: Mapping[str, Any]) -> HistogramPoint:
    return HistogramPoint(
        *_frame(fields),
        int_in(fields.get("count")),
        _optional(fields.get("sum")),
        _counts(fields),
        tuple(map(double_in, list_in(fields, "explicitBounds"))),
        _optional(fields.get("min")),
        _optional(fields.get("max")),
        _exemplars(fields),
    )


def _exponential_histogram(fields: Mapping[str, Any]) -> ExponentialHistogramPoint:
    return ExponentialHistogramPoint(
        *_frame(fields),
        int_in(fields.get("count")),
        _optional(fields.get("sum")),
        int_in(fields.get("scale")),
        int_in(fields.get("zeroCount")),
        _buckets(object_in(fields.get("positive", {}))),
        _buckets(object_in(fields.get("negative", {}))),
        _optional(fields.get("min")),
        _optional(fields.get("max")),
        double_in(fields.get("zeroThreshold")),
        _exemplars(fields),
    )


def _summary(fields: Mapping[str, Any]) -> SummaryPoint:
    quantiles = map(object_in, list_in(fields, "quantileValues"))
    return SummaryPoint(
        *_frame(fields),
        int_in(fields.get("count")),
        double_in(fields.get("sum")),
        tuple((double_in(each.get("quantile")), double_in(each.get("value"))) for each in quantiles),
    )


def _frame(fields: Mapping[str, Any]) -> tuple[dict[str, Any], int, int]:
    """Return what all points begin with."""
    times = time_in(fields.get("startTimeUnixNano")), time_in(fields.get("timeUnixNano"))
    return attributes_in(fields), *times


def _buckets(fields: Mapping[str, Any]) -> Buckets:
    return Buckets(int_in(fields.get("offset")), _counts(fields))


def _counts(fields: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(map(int_in, list_in(fields, "bucketCounts")))


def _exemplars(fields: Mapping[str, Any]) -> tuple[Exemplar, ...]:
    return tuple(_exemplar(object_in(each)) for each in list_in(fields, "exemplars"))


def _exemplar(fields: Mapping[str, Any]) -> Exemplar:
    ids = id_in(fields.get("traceId")), id_in(fields.get("spanId"))
    at_ns = time_in(fields.get("timeUnixNano"))
    return Exemplar(_amount(fields), at_ns, *ids, attributes_in(fields, "filteredAttributes"))


def _amount(fields: Mapping[str, Any]) -> float:
    given = fields.get("asInt")
    return double_in(fields.get("asDouble")) if given is None else int_in(given)


def _optional(given: Any) -> float | None:  # noqa: ANN401 - a number, or the name of one
    return None if given is None else double_in(given)


_POINTS: Final[Mapping[str, tuple[MetricKind, Callable[[Mapping[str, Any]], Point]]]] = {
    "sum": (MetricKind.SUM, _number),
    "gauge": (MetricKind.GAUGE, _number),
    "histogram": (MetricKind.HISTOGRAM, _histogram),
    "exponentialHistogram": (MetricKind.EXPONENTIAL_HISTOGRAM, _exponential_histogram),
    "summary": (MetricKind.SUMMARY, _summary),
}
