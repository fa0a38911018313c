"""Write metrics in the JSON form of an OTLP request (metrics.proto)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.exporters._json_parts import attributes_form, double_form, grouped, line_of, without_nones
from midspan.exporters._plain import mended_attributes, mended_text
from midspan.metrics import MetricKind, Temporality

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from midspan.metrics import (
        Buckets,
        Exemplar,
        ExponentialHistogramPoint,
        HistogramPoint,
        NumberPoint,
        SummaryPoint,
    )

__all__ = ["json_of_metrics", "metrics_request"]

_INT64: Final = 1 << 63
_UINT64: Final = 1 << 64
_INT32: Final = 1 << 31


def metrics_request(metrics: Iterable[Any]) -> dict[str, Any]:
    """Return what `json.dumps` makes an ExportMetricsServiceRequest of, grouped by resource, then by scope.

    A point or a metric that cannot be sent is left out and counted, texts and attributes are mended; nothing
    raises.
    """
    return {"resourceMetrics": grouped(metrics, _written, "scopeMetrics", "metrics")}


def json_of_metrics(metrics: Iterable[Any]) -> str:
    """Return one line of JSON that holds finished metrics, grouped by resource, then by scope.

    What cannot be sent as it is gets replaced by what can be said of it, or is left out, and is counted;
    nothing raises.
    """
    return line_of(metrics_request(metrics))


def _written(metric: Any) -> dict[str, Any] | None:  # noqa: ANN401 - a Metric, or what looks like one
    try:
        return _metric(metric)
    except Exception as error:  # noqa: BLE001 - an object that is no metric may raise anywhere
        _trouble.report("otlp.no_metric", "a metric of type %s is lost", type(metric).__name__, error=error)
        return None


def _metric(metric: Any) -> dict[str, Any]:  # noqa: ANN401 - a Metric, or what looks like one
    name, form = _FORMS[MetricKind(metric.kind)]
    data: dict[str, Any] = {"dataPoints": list(_points(metric, form))}
    if name in _WITH_TEMPORALITY:
        data["aggregationTemporality"] = int(Temporality(metric.temporality))
    if name == "sum" and metric.is_monotonic:
        data["isMonotonic"] = True
    return without_nones(
        {
            "name": mended_text(metric.name),
            "description": mended_text(metric.description or "") or None,
            "unit": mended_text(metric.unit or "") or None,
            name: data,
        }
    )


def _points(metric: Any, form: Callable[[Any], dict[str, Any]]) -> Iterable[dict[str, Any]]:  # noqa: ANN401 - as above
    for point in metric.points:
        try:
            yield without_nones({**_frame(point), **form(point)})
        except Exception as error:  # noqa: BLE001 - a foreign source may have made it of anything
            _trouble.report("otlp.no_point", "a point of the metric %s is lost", metric.name, error=error)


def _frame(point: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the points
    """Return what all points have."""
    return {
        "attributes": attributes_form(mended_attributes(point.attributes)),
        "startTimeUnixNano": _uint64(point.start_ns) if point.start_ns else None,
        "timeUnixNano": _uint64(point.time_ns),
    }


def _number(point: NumberPoint) -> dict[str, Any]:
    return {**_amount(point.value), "exemplars": _exemplars(point.exemplars)}


def _histogram(point: HistogramPoint) -> dict[str, Any]:
    return {
        **_statistics(point),
        "bucketCounts": [_uint64(count) for count in point.bucket_counts] or None,
        "explicitBounds": [double_form(float(bound)) for bound in point.bounds] or None,
        "exemplars": _exemplars(point.exemplars),
    }


def _exponential_histogram(point: ExponentialHistogramPoint) -> dict[str, Any]:
    return {
        **_statistics(point),
        "scale": _int32(point.scale),
        "zeroCount": _uint64(point.zero_count),
        "positive": _buckets(point.positive),
        "negative": _buckets(point.negative),
        "zeroThreshold": double_form(float(point.zero_threshold)),
        "exemplars": _exemplars(point.exemplars),
    }


def _statistics(point: HistogramPoint | ExponentialHistogramPoint) -> dict[str, Any]:
    return {
        "count": _uint64(point.count),
        "sum": _optional(point.sum),
        "min": _optional(point.min),
        "max": _optional(point.max),
    }


def _buckets(buckets: Buckets) -> dict[str, Any] | None:
    counts = [_uint64(count) for count in buckets.counts]
    return {"offset": _int32(buckets.offset), "bucketCounts": counts} if counts else None


def _summary(point: SummaryPoint) -> dict[str, Any]:
    quantiles = [
        {"quantile": double_form(float(quantile)), "value": double_form(float(value))}
        for quantile, value in point.quantiles
    ]
    return {
        "count": _uint64(point.count),
        "sum": double_form(float(point.sum)),
        "quantileValues": quantiles or None,
    }


def _exemplars(exemplars: Iterable[Exemplar]) -> list[dict[str, Any]] | None:
    return [_exemplar(exemplar) for exemplar in exemplars] or None


def _exemplar(exemplar: Exemplar) -> dict[str, Any]:
    return without_nones(
        {
            "filteredAttributes": attributes_form(mended_attributes(exemplar.filtered_attributes)),
            "timeUnixNano": _uint64(exemplar.timestamp_ns),
            **_amount(exemplar.value),
            "spanId": _id(exemplar.span_id, 16),
            "traceId": _id(exemplar.trace_id, 32),
        }
    )


def _id(number: int, digits: int) -> str | None:
    """Return an id; None for 0, which stands for no span, and for what is none."""
    return f"{number:0{digits}x}" if 0 < number < 1 << 4 * digits else None


def _amount(value: float) -> dict[str, Any]:
    """Return an amount as an integer, if it is one that fits."""
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return {"asInt": str(int(value))}
    return {"asDouble": double_form(float(value))}


def _optional(value: float | None) -> float | str | None:
    return None if value is None else double_form(float(value))


def _uint64(value: int) -> str:
    if not 0 <= value < _UINT64:
        message = f"{value} is no time and no count"
        raise ValueError(message)
    return str(int(value))


def _int32(value: int) -> int:
    if not -_INT32 <= value < _INT32:
        message = f"{value} is no scale and no offset"
        raise ValueError(message)
    return int(value)


_FORMS: Final[Mapping[MetricKind, tuple[str, Callable[[Any], dict[str, Any]]]]] = {
    MetricKind.SUM: ("sum", _number),
    MetricKind.GAUGE: ("gauge", _number),
    MetricKind.HISTOGRAM: ("histogram", _histogram),
    MetricKind.EXPONENTIAL_HISTOGRAM: ("exponentialHistogram", _exponential_histogram),
    MetricKind.SUMMARY: ("summary", _summary),
}
_WITH_TEMPORALITY: Final = ("sum", "histogram", "exponentialHistogram")
