"""Read a finished metric, or what looks like one, into fields that can be sent.

What is odd about a point costs that point at most: numbers of other types become OTLP's own (an integer of
more than 64 bits becomes the nearest double), texts and attributes are mended, buckets that contradict their
bounds are left out, and so is a point, or an exemplar, without a number or a time. Each is counted.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.exporters._plain import mended_attributes, mended_text
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
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from midspan.metrics import Point

__all__ = ["mended_metric"]

_INT64: Final = 1 << 63
_UINT64: Final = 1 << 64
_INT32: Final = 1 << 31
_TRACE_ID: Final = 1 << 128
_SPAN_ID: Final = 1 << 64


def mended_metric(metric: Any) -> Metric:  # noqa: ANN401 - a Metric, or what looks like one
    """Return a metric whose every value is of exactly the type that it should have.

    Raises:
        Exception: It is of no kind or temporality that OTLP has, or whatever it raises when it is asked.
    """
    kind = MetricKind(metric.kind)
    return Metric(
        mended_text(metric.name),
        mended_text(metric.unit or ""),
        mended_text(metric.description or ""),
        getattr(metric, "scope", None),  # type: ignore[arg-type]  # what there is of it is shown
        getattr(metric, "resource", None),
        kind,
        list(_points(metric, _MENDED[kind])),
        Temporality(getattr(metric, "temporality", Temporality.CUMULATIVE)),
        bool(getattr(metric, "is_monotonic", False)),
    )


def _points(metric: Any, mended: Callable[[Any], Point]) -> Iterator[Point]:  # noqa: ANN401 - as above
    for point in metric.points:
        try:
            yield mended(point)
        except Exception as error:  # noqa: BLE001 - a foreign source may have made it of anything
            _trouble.report("encoding.no_point", "a point of the metric %s is lost", metric.name, error=error)


def _number(point: Any) -> NumberPoint:  # noqa: ANN401 - a NumberPoint, or what looks like one
    return NumberPoint(*_frame(point), _amount(point.value), _exemplars(point))


def _histogram(point: Any) -> HistogramPoint:  # noqa: ANN401 - a HistogramPoint, or what looks like one
    counts = [_uint64(count) for count in point.bucket_counts]
    bounds = [_double(bound) for bound in point.bounds]
    if len(counts) != len(bounds) + 1 and (counts or bounds):
        _trouble.report(
            "encoding.odd_buckets", "%s buckets have %s bounds between them", len(counts), len(bounds)
        )
        counts, bounds = [], []
    return HistogramPoint(
        *_frame(point),
        _uint64(point.count),
        _optional(point.sum),
        counts,
        bounds,
        _optional(point.min),
        _optional(point.max),
        _exemplars(point),
    )


def _exponential_histogram(point: Any) -> ExponentialHistogramPoint:  # noqa: ANN401 - what should be one
    return ExponentialHistogramPoint(
        *_frame(point),
        _uint64(point.count),
        _optional(point.sum),
        _int32(point.scale),
        _uint64(point.zero_count),
        _buckets(point.positive),
        _buckets(point.negative),
        _optional(point.min),
        _optional(point.max),
        _double(point.zero_threshold),
        _exemplars(point),
    )


def _summary(point: Any) -> SummaryPoint:  # noqa: ANN401 - a SummaryPoint, or what looks like one
    quantiles = [(_double(quantile), _double(value)) for quantile, value in point.quantiles]
    return SummaryPoint(*_frame(point), _uint64(point.count), _double(point.sum), quantiles)


_MENDED: Final[Mapping[MetricKind, Callable[[Any], Point]]] = {
    MetricKind.SUM: _number,
    MetricKind.GAUGE: _number,
    MetricKind.HISTOGRAM: _histogram,
    MetricKind.EXPONENTIAL_HISTOGRAM: _exponential_histogram,
    MetricKind.SUMMARY: _summary,
}


def _frame(point: Any) -> tuple[dict[str, Any], int, int]:  # noqa: ANN401 - any of the points
    """Return what all points begin with: attributes, start, time."""
    return mended_attributes(point.attributes), _uint64(point.start_ns or 0), _uint64(point.time_ns)


def _buckets(buckets: Any) -> Buckets:  # noqa: ANN401 - Buckets, or what looks like them
    return Buckets(_int32(buckets.offset), [_uint64(count) for count in buckets.counts])


def _exemplars(point: Any) -> Sequence[Exemplar]:  # noqa: ANN401 - any of the points
    given: Iterable[Any] = getattr(point, "exemplars", None) or ()
    return [mended for exemplar in given if (mended := _exemplar(exemplar)) is not None]


def _exemplar(exemplar: Any) -> Exemplar | None:  # noqa: ANN401 - an Exemplar, or what looks like one
    try:
        return Exemplar(
            _amount(exemplar.value),
            _uint64(exemplar.timestamp_ns),
            _id(exemplar.trace_id, _TRACE_ID),
            _id(exemplar.span_id, _SPAN_ID),
            mended_attributes(exemplar.filtered_attributes),
        )
    except Exception as error:  # noqa: BLE001 - as for points
        _trouble.report("encoding.no_exemplar", "an exemplar is left out", error=error)
        return None


def _amount(value: Any) -> float:  # noqa: ANN401 - an int or a float, it should be
    """Return an amount as the int or the double that is nearest."""
    kind = type(value)
    if kind is float or (kind is int and -_INT64 <= value < _INT64):
        return value  # type: ignore[no-any-return]
    try:
        number = operator.index(value)
    except TypeError:
        return _double(value)
    _report_odd(value)
    return number if -_INT64 <= number < _INT64 else float(number)


def _double(value: Any) -> float:  # noqa: ANN401 - a float, it should be
    if type(value) is not float and type(value) is not int:
        _report_odd(value)
        if isinstance(value, (str, bytes, bytearray)):
            # `float` would read it; what comes as a text was not meant to be counted with.
            raise TypeError("a text is no number")
    return float(value)


def _optional(value: Any) -> float | None:  # noqa: ANN401 - a float or None, it should be
    return None if value is None else _double(value)


def _uint64(value: Any) -> int:  # noqa: ANN401 - a time or a count, it should be
    return _whole(value, 0, _UINT64)


def _int32(value: Any) -> int:  # noqa: ANN401 - a scale or an offset, it should be
    return _whole(value, -_INT32, _INT32)


def _whole(value: Any, least: int, beyond: int) -> int:  # noqa: ANN401 - an int, it should be
    if type(value) is not int:
        _report_odd(value)
        # A count that is 3.0 is well known; one of 3.5 is none.
        value = int(value) if isinstance(value, float) and value.is_integer() else operator.index(value)
    if not least <= value < beyond:
        message = f"a time, a count, a scale or an offset cannot be {_trouble.describe(hex(value))}"
        raise ValueError(message)
    return value  # type: ignore[no-any-return]


def _id(value: Any, beyond: int) -> int:  # noqa: ANN401 - an id, it should be
    return _whole(value or 0, 0, beyond)


def _report_odd(value: object) -> None:
    _trouble.report("encoding.odd_number", "a number cannot be sent as it is: %s", type(value).__name__)
