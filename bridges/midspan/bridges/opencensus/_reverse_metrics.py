"""Turn native metrics into OpenCensus's: the rules, as functions that report what they drop.

The way here is in `_stats`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opencensus.metrics.export import value as oc_value
from opencensus.metrics.export.metric import Metric as OCMetric
from opencensus.metrics.export.metric_descriptor import MetricDescriptor
from opencensus.metrics.export.metric_descriptor import MetricDescriptorType as Type
from opencensus.metrics.export.point import Point as OCPoint
from opencensus.metrics.export.time_series import TimeSeries
from opencensus.metrics.label_key import LabelKey
from opencensus.metrics.label_value import LabelValue

from midspan import _trouble
from midspan.bridges.opencensus import _convert, _reverse_buckets
from midspan.bridges.opencensus._start import SCOPE
from midspan.metrics import MetricKind, Temporality

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from midspan.metrics import Metric

__all__ = ["metric", "metrics"]

# int64 is what OpenCensus calls a whole number.
_LONGS: Final = range(-(1 << 63), 1 << 63)
_HISTOGRAMS: Final = frozenset({MetricKind.HISTOGRAM, MetricKind.EXPONENTIAL_HISTOGRAM})


def metrics(given: Iterable[Metric]) -> list[Any]:
    """Return OpenCensus's metrics for native ones; what has no like is dropped, counted and said."""
    return [made for made in map(_guarded, given) if made is not None]


def _guarded(given: Metric) -> Any:
    try:
        return metric(given)
    except Exception as error:  # noqa: BLE001 - OpenCensus checks what it is made of, and one must not harm the others
        _trouble.report("opencensus.metric", "the metric %s was dropped", given.name, error=error)
        return None


def metric(given: Metric) -> Any:
    """Return OpenCensus's metric; None where it has none like it.

    Raises:
        ValueError: The points do not fit each other, as the counts of buckets and their sum.
    """
    if given.kind is MetricKind.SUMMARY:
        told = "the summary %s was dropped: OpenCensus's exporters take none"
        _trouble.report("opencensus.summary", told, given.name)
        return None
    if given.temporality is Temporality.DELTA and given.kind is not MetricKind.GAUGE:
        told = "%s was dropped: OpenCensus knows only what is counted from the start"
        _trouble.report("opencensus.delta", told, given.name)
        return None
    keys = list(dict.fromkeys(key for point in given.points for key in point.attributes))
    type_ = _type(given)
    series = [TimeSeries(*each) for each in _series(given, type_, keys)]
    if not series:
        return None
    labels = [LabelKey(key, "") for key in keys]
    return OCMetric(MetricDescriptor(given.name, given.description, given.unit, type_, labels), series)


def _type(given: Metric) -> Any:
    """Return OpenCensus's type: a sum that may fall is a gauge there."""
    if given.kind in _HISTOGRAMS:
        return Type.CUMULATIVE_DISTRIBUTION
    points: Sequence[Any] = given.points
    is_long = all(isinstance(point.value, int) and point.value in _LONGS for point in points)
    if given.kind is MetricKind.SUM and given.is_monotonic:
        return Type.CUMULATIVE_INT64 if is_long else Type.CUMULATIVE_DOUBLE
    return Type.GAUGE_INT64 if is_long else Type.GAUGE_DOUBLE


def _series(given: Metric, type_: int, keys: list[str]) -> Iterator[tuple[list[Any], list[Any], str | None]]:
    is_gauge = type_ in {Type.GAUGE_INT64, Type.GAUGE_DOUBLE}
    # Of OpenCensus's own buckets the lower bound is in, of native ones the upper.
    is_theirs = getattr(given.scope, "name", None) == SCOPE
    for point in given.points:
        labels = [LabelValue(_text(point.attributes.get(key))) for key in keys]
        # OpenCensus's times are in UTC and do not say so.
        moment = _convert.moment(point.time_ns).replace(tzinfo=None)
        start = None if is_gauge else _convert.to_iso(point.start_ns)
        yield labels, [OCPoint(_value(point, type_, is_theirs=is_theirs), moment)], start


def _value(point: Any, type_: int, *, is_theirs: bool) -> Any:
    if type_ == Type.CUMULATIVE_DISTRIBUTION:
        return _reverse_buckets.distribution(point, is_theirs=is_theirs)
    if type_ in {Type.CUMULATIVE_INT64, Type.GAUGE_INT64}:
        return oc_value.ValueLong(int(point.value))
    return oc_value.ValueDouble(float(point.value))


def _text(value: Any) -> str | None:
    """Return what OpenCensus's labels hold: text, or nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else _trouble.safe_str(value)
