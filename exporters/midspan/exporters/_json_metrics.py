"""Write metrics in the JSON form of an OTLP request (metrics.proto)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.exporters._json_parts import attributes_form, double_form, grouped, line_of, without_nones
from midspan.exporters._metric_fields import mended_metric
from midspan.metrics import MetricKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from midspan.metrics import (
        Buckets,
        Exemplar,
        ExponentialHistogramPoint,
        HistogramPoint,
        Metric,
        NumberPoint,
        Point,
        SummaryPoint,
    )

__all__ = ["json_of_metrics", "metrics_request"]


def metrics_request(metrics: Iterable[Any]) -> dict[str, Any]:
    """Return what `json.dumps` makes an ExportMetricsServiceRequest of, grouped by resource, then by scope.

    What cannot be sent as it is gets replaced by what can be said of it, or is left out, and is counted;
    nothing raises.
    """
    return {"resourceMetrics": grouped(metrics, _written, "scopeMetrics", "metrics")}


def json_of_metrics(metrics: Iterable[Any]) -> str:
    """Return one line of JSON that holds finished metrics, grouped by resource, then by scope.

    What is odd about one is treated as in `metrics_request`.
    """
    return line_of(metrics_request(metrics))


def _written(metric: Any) -> dict[str, Any] | None:  # noqa: ANN401 - a Metric, or what looks like one
    try:
        return _metric(mended_metric(metric))
    except Exception as error:  # noqa: BLE001 - an object that is no metric may raise anywhere
        _trouble.report(
            "encoding.no_metric", "a metric of type %s is lost", type(metric).__name__, error=error
        )
        return None


def _metric(metric: Metric) -> dict[str, Any]:
    name, form = _FORMS[metric.kind]
    data: dict[str, Any] = {
        "dataPoints": [without_nones({**_frame(point), **form(point)}) for point in metric.points]
    }
    if name in _WITH_TEMPORALITY:
        data["aggregationTemporality"] = int(metric.temporality)
    if name == "sum" and metric.is_monotonic:
        data["isMonotonic"] = True
    return without_nones(
        {
            "name": metric.name,
            "description": metric.description or None,
            "unit": metric.unit or None,
            name: data,
        }
    )


def _frame(point: Point) -> dict[str, Any]:
    """Return what all points have."""
    return {
        "attributes": attributes_form(point.attributes),
        "startTimeUnixNano": str(point.start_ns) if point.start_ns else None,
        "timeUnixNano": str(point.time_ns),
    }


def _number(point: NumberPoint) -> dict[str, Any]:
    return {**_amount(point.value), "exemplars": _exemplars(point.exemplars)}


def _histogram(point: HistogramPoint) -> dict[str, Any]:
    return {
        **_statistics(point),
        "bucketCounts": list(map(str, point.bucket_counts)) or None,
        "explicitBounds": list(map(double_form, point.bounds)) or None,
        "exemplars": _exemplars(point.exemplars),
    }


def _exponential_histogram(point: ExponentialHistogramPoint) -> dict[str, Any]:
    return {
        **_statistics(point),
        "scale": point.scale,
        "zeroCount": str(point.zero_count),
        "positive": _buckets(point.positive),
        "negative": _buckets(point.negative),
        "zeroThreshold": double_form(point.zero_threshold),
        "exemplars": _exemplars(point.exemplars),
    }


def _statistics(point: HistogramPoint | ExponentialHistogramPoint) -> dict[str, Any]:
    return {
        "count": str(point.count),
        "sum": _optional(point.sum),
        "min": _optional(point.min),
        "max": _optional(point.max),
    }


def _buckets(buckets: Buckets) -> dict[str, Any] | None:
    return (
        {"offset": buckets.offset, "bucketCounts": list(map(str, buckets.counts))} if buckets.counts else None
    )


def _summary(point: SummaryPoint) -> dict[str, Any]:
    quantiles = [
        {"quantile": double_form(quantile), "value": double_form(value)}
        for quantile, value in point.quantiles
    ]
    return {"count": str(point.count), "sum": double_form(point.sum), "quantileValues": quantiles or None}


def _exemplars(exemplars: Iterable[Exemplar]) -> list[dict[str, Any]] | None:
    return [_exemplar(exemplar) for exemplar in exemplars] or None


def _exemplar(exemplar: Exemplar) -> dict[str, Any]:
    return without_nones(
        {
            "filteredAttributes": attributes_form(exemplar.filtered_attributes),
            "timeUnixNano": str(exemplar.timestamp_ns),
            **_amount(exemplar.value),
            "spanId": f"{exemplar.span_id:016x}" if exemplar.span_id else None,
            "traceId": f"{exemplar.trace_id:032x}" if exemplar.trace_id else None,
        }
    )


def _amount(value: float) -> dict[str, Any]:
    return {"asInt": str(value)} if type(value) is int else {"asDouble": double_form(value)}


def _optional(value: float | None) -> float | str | None:
    return None if value is None else double_form(value)


_FORMS: Final[Mapping[MetricKind, tuple[str, Callable[[Any], dict[str, Any]]]]] = {
    MetricKind.SUM: ("sum", _number),
    MetricKind.GAUGE: ("gauge", _number),
    MetricKind.HISTOGRAM: ("histogram", _histogram),
    MetricKind.EXPONENTIAL_HISTOGRAM: ("exponentialHistogram", _exponential_histogram),
    MetricKind.SUMMARY: ("summary", _summary),
}
_WITH_TEMPORALITY: Final = ("sum", "histogram", "exponentialHistogram")
