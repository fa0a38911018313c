"""Say what metrics became on the wire, as protobuf's runtime reads it, and what they should have become."""

from __future__ import annotations

from typing import Any, NamedTuple

from exporters.tests._oracle import shown, shown_pairs
from midspan.metrics import MetricKind

__all__ = ["DecodedMetric", "decoded_metrics", "expected_metric", "shown_metric"]


class DecodedMetric(NamedTuple):
    """A metric of a request, with what it stands under."""

    metric: Any
    scope: Any
    resource: Any
    scope_schema_url: str
    resource_schema_url: str


def decoded_metrics(request: Any) -> list[DecodedMetric]:
    """Return the metrics of an ExportMetricsServiceRequest in its order."""
    return [
        DecodedMetric(
            metric, of_scope.scope, of_resource.resource, of_scope.schema_url, of_resource.schema_url
        )
        for of_resource in request.resource_metrics
        for of_scope in of_resource.scope_metrics
        for metric in of_scope.metrics
    ]


def shown_metric(message: Any) -> dict[str, Any]:
    """Return a metric message as plain values that can be compared."""
    kind = message.WhichOneof("data")
    data = getattr(message, kind)
    return {
        "name": message.name,
        "unit": message.unit,
        "description": message.description,
        "kind": kind,
        "temporality": getattr(data, "aggregation_temporality", 2),
        "is_monotonic": getattr(data, "is_monotonic", False),
        "points": [_SHOWN[kind](point) for point in data.data_points],
    }


def expected_metric(metric: Any) -> dict[str, Any]:
    """Return what `shown_metric` should show of a metric, from its public face alone."""
    kind = metric.kind.value
    return {
        "name": metric.name,
        "unit": metric.unit,
        "description": metric.description,
        "kind": kind,
        "temporality": int(metric.temporality),
        "is_monotonic": metric.is_monotonic,
        "points": [_EXPECTED[metric.kind](point) for point in metric.points],
    }


def _shown_frame(point: Any) -> list[Any]:
    return [shown_pairs(point.attributes), point.start_time_unix_nano, point.time_unix_nano]


def _expected_frame(point: Any) -> list[Any]:
    return [_pairs(point.attributes), point.start_ns, point.time_ns]


def _shown_number(point: Any) -> list[Any]:
    return [*_shown_frame(point), _shown_amount(point), _shown_exemplars(point)]


def _expected_number(point: Any) -> list[Any]:
    return [*_expected_frame(point), shown(point.value), _expected_exemplars(point)]


def _shown_statistics(point: Any) -> list[Any]:
    return [point.count, *(_optional(point, name) for name in ("sum", "min", "max"))]


def _expected_statistics(point: Any) -> list[Any]:
    return [
        point.count,
        *(None if value is None else repr(float(value)) for value in (point.sum, point.min, point.max)),
    ]


def _shown_histogram(point: Any) -> list[Any]:
    buckets = [list(point.bucket_counts), list(map(repr, point.explicit_bounds))]
    return [*_shown_frame(point), *_shown_statistics(point), *buckets, _shown_exemplars(point)]


def _expected_histogram(point: Any) -> list[Any]:
    buckets = [list(point.bucket_counts), [repr(float(bound)) for bound in point.bounds]]
    return [*_expected_frame(point), *_expected_statistics(point), *buckets, _expected_exemplars(point)]


def _shown_exponential(point: Any) -> list[Any]:
    zero = [point.scale, point.zero_count, repr(point.zero_threshold)]
    buckets = [[each.offset, list(each.bucket_counts)] for each in (point.positive, point.negative)]
    return [*_shown_frame(point), *_shown_statistics(point), *zero, *buckets, _shown_exemplars(point)]


def _expected_exponential(point: Any) -> list[Any]:
    zero = [point.scale, point.zero_count, repr(point.zero_threshold)]
    buckets = [[each.offset, list(each.counts)] for each in (point.positive, point.negative)]
    return [
        *_expected_frame(point),
        *_expected_statistics(point),
        *zero,
        *buckets,
        _expected_exemplars(point),
    ]


def _shown_summary(point: Any) -> list[Any]:
    quantiles = [(repr(each.quantile), repr(each.value)) for each in point.quantile_values]
    return [*_shown_frame(point), point.count, repr(point.sum), quantiles]


def _expected_summary(point: Any) -> list[Any]:
    quantiles = [(repr(quantile), repr(value)) for quantile, value in point.quantiles]
    return [*_expected_frame(point), point.count, repr(point.sum), quantiles]


def _shown_exemplars(point: Any) -> list[Any]:
    return [
        [
            _shown_amount(each),
            each.time_unix_nano,
            int.from_bytes(each.trace_id, "big"),
            int.from_bytes(each.span_id, "big"),
            shown_pairs(each.filtered_attributes),
        ]
        for each in point.exemplars
    ]


def _expected_exemplars(point: Any) -> list[Any]:
    return [
        [
            shown(each.value),
            each.timestamp_ns,
            each.trace_id,
            each.span_id,
            _pairs(each.filtered_attributes),
        ]
        for each in point.exemplars
    ]


def _shown_amount(message: Any) -> Any:
    return shown(getattr(message, message.WhichOneof("value")))


def _optional(message: Any, name: str) -> str | None:
    return repr(getattr(message, name)) if message.HasField(name) else None


def _pairs(attributes: Any) -> list[tuple[str, Any]]:
    return [(key, shown(value)) for key, value in attributes.items()]


_SHOWN = {
    "sum": _shown_number,
    "gauge": _shown_number,
    "histogram": _shown_histogram,
    "exponential_histogram": _shown_exponential,
    "summary": _shown_summary,
}
_EXPECTED = {
    MetricKind.SUM: _expected_number,
    MetricKind.GAUGE: _expected_number,
    MetricKind.HISTOGRAM: _expected_histogram,
    MetricKind.EXPONENTIAL_HISTOGRAM: _expected_exponential,
    MetricKind.SUMMARY: _expected_summary,
}
