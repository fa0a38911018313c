"""Write metrics as an `ExportMetricsServiceRequest` (metrics_service.proto), without protobuf's runtime.

| native | OpenCensus (metrics.proto) |
|---|---|
| a sum that only grows | CUMULATIVE_INT64, or CUMULATIVE_DOUBLE if one of its points is no whole number |
| a sum that also shrinks, a gauge | GAUGE_INT64 or GAUGE_DOUBLE |
| a histogram, of either kind | CUMULATIVE_DISTRIBUTION |
| a summary of a foreign source | SUMMARY |
| what tells of changes only (delta) | left out, and counted: OpenCensus has no such type |
| name, description, unit | the same |
| scope | the labels `otel.scope.name` and `otel.scope.version`; they can be switched off |
| the attributes of all points | the label keys, of which each series has a value or has none |
| start | `start_timestamp` of the series, where something is counted from there on |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.exporters._metric_fields import mended_metric
from midspan.exporters._wire import delimited, varint
from midspan.exporters.opencensus_agent._labels import Labels
from midspan.exporters.opencensus_agent._points import (
    distribution_point,
    double_point,
    int_point,
    summary_point,
)
from midspan.exporters.opencensus_agent._request import Request
from midspan.exporters.opencensus_agent._span_message import scope_of
from midspan.exporters.opencensus_agent._values import time_field
from midspan.metrics import Metric, MetricKind, Temporality

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["encode_metrics"]

# The field "resource" (3) of a Metric.
_RESOURCE: Final = b"\x1a"
# MetricDescriptor.Type
_GAUGE_INT64: Final = 1
_GAUGE_DOUBLE: Final = 2
_CUMULATIVE_INT64: Final = 4
_CUMULATIVE_DOUBLE: Final = 5
_CUMULATIVE_DISTRIBUTION: Final = 6
_SUMMARY: Final = 7
_OF_KIND: Final = {
    MetricKind.HISTOGRAM: _CUMULATIVE_DISTRIBUTION,
    MetricKind.EXPONENTIAL_HISTOGRAM: _CUMULATIVE_DISTRIBUTION,
    MetricKind.SUMMARY: _SUMMARY,
}
_NUMBERS: Final = frozenset({MetricKind.SUM, MetricKind.GAUGE})
_WRITERS: Final[dict[int, Callable[[Any], bytes]]] = {
    _GAUGE_INT64: int_point,
    _GAUGE_DOUBLE: double_point,
    _CUMULATIVE_INT64: int_point,
    _CUMULATIVE_DOUBLE: double_point,
    _CUMULATIVE_DISTRIBUTION: distribution_point,
    _SUMMARY: summary_point,
}
_GAUGES: Final = frozenset({_GAUGE_INT64, _GAUGE_DOUBLE})
# The temporality of the others means nothing.
_COUNTED: Final = frozenset({MetricKind.SUM, MetricKind.HISTOGRAM, MetricKind.EXPONENTIAL_HISTOGRAM})


def encode_metrics(metrics: Iterable[Any], *, scope_labels: bool = True) -> bytes:
    """Return the bytes of an OpenCensus `ExportMetricsServiceRequest` that holds these finished metrics.

    What cannot be sent as it is gets mended or left out, and counted; nothing raises.
    """
    request = Request(_RESOURCE)
    for metric in metrics:
        resource, body = _told(metric, scope_labels=scope_labels)
        if body:
            request.add(resource, body)
    return request.to_bytes()


def _told(metric: Any, *, scope_labels: bool) -> tuple[Any, bytes]:  # noqa: ANN401 - a metric, or what looks like one
    """Return a metric's resource, and the metric as it is written; nothing of one that cannot be."""
    try:
        return metric.resource, _written(metric, scope_labels=scope_labels)
    except Exception:  # noqa: BLE001 - whatever is odd about it, it is mended or left out
        return _told_mended(metric, scope_labels=scope_labels)


def _told_mended(metric: Any, *, scope_labels: bool) -> tuple[Any, bytes]:  # noqa: ANN401 - as above
    try:
        mended = mended_metric(metric)
        return mended.resource, _written(mended, scope_labels=scope_labels)
    except Exception as error:  # noqa: BLE001 - an object that is no metric may raise anywhere
        cause = "encoding.no_metric"
        _trouble.report(cause, "a metric of type %s is lost", type(metric).__name__, error=error)
        return None, b""


def _written(metric: Any, *, scope_labels: bool) -> bytes:  # noqa: ANN401 - as above
    """Return a `Metric`: metric_descriptor = 1, timeseries = 2; nothing if there is nothing to tell.

    Raises:
        Exception: There is something odd about it.
    """
    if type(metric) is not Metric:
        raise TypeError("a metric that is not the core's own")
    if metric.temporality == Temporality.DELTA and metric.kind in _COUNTED:
        told = "%s was left out: OpenCensus knows only what is counted from the start"
        _trouble.report("opencensus_agent.delta", told, metric.name)
        return b""
    if not metric.points:
        return b""
    kind = _type_of(metric)
    labels = Labels(metric.points, scope_of(metric.scope).strong if scope_labels else {})
    write, has_start = _WRITERS[kind], kind not in _GAUGES
    fields = [delimited(b"\x0a", _descriptor(metric, kind, labels))]
    for point in metric.points:
        # TimeSeries: start_timestamp = 1, label_values = 2, points = 3.
        start = time_field(b"\x0a", point.start_ns) if has_start and point.start_ns else b""
        series = start + labels.values_of(point) + delimited(b"\x1a", write(point))
        fields.append(delimited(b"\x12", series))
    return b"".join(fields)


def _type_of(metric: Metric) -> int:
    if metric.kind in _OF_KIND:
        return _OF_KIND[metric.kind]
    if metric.kind not in _NUMBERS:
        raise ValueError("a kind that is none")
    points: Any = metric.points
    is_whole = all(type(point.value) is int for point in points)
    if metric.kind is MetricKind.SUM and metric.is_monotonic:
        return _CUMULATIVE_INT64 if is_whole else _CUMULATIVE_DOUBLE
    return _GAUGE_INT64 if is_whole else _GAUGE_DOUBLE


def _descriptor(metric: Metric, kind: int, labels: Labels) -> bytes:
    """Return a `MetricDescriptor`: name = 1, description = 2, unit = 3, type = 4, label_keys = 5."""
    texts = (b"\x0a", metric.name), (b"\x12", metric.description), (b"\x1a", metric.unit)
    fields = [delimited(tag, text.encode()) for tag, text in texts if text]
    return b"".join([*fields, b"\x20" + varint(kind), labels.keys])
