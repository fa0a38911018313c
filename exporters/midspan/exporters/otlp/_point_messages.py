"""Write the points of a metric (metrics.proto), each kind in its own way.

This is the short way, for points as the core makes them: what is odd about one makes it raise. Fields may
come in any order, so those of fixed width are packed together. A tag is the field's number times eight plus
the wire type (0 varint, 1 eight bytes, 2 delimited).

The two loops that most points pass through are written out: a call for each point, or reading it field by
field, would cost a third more.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from midspan.exporters.otlp._exemplars import Exemplars
from midspan.exporters.otlp._sets import HEADS, Series, Sets, head
from midspan.exporters.otlp._wire import delimited, varint
from midspan.metrics import ExponentialHistogramPoint, HistogramPoint, NumberPoint, SummaryPoint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from midspan.metrics import Buckets

    # Bounds; how many buckets; what is written before the buckets, bounds and all; what packs the buckets.
    _Shape: TypeAlias = tuple[Sequence[float] | None, int, bytes, Callable[..., bytes]]

__all__ = ["PointWriter"]

# All points: start_time_unix_nano = 2, time_unix_nano = 3; all but numbers: count = 4, sum = 5.
_START: Final = 0x11
_TIME: Final = 0x19
_COUNT: Final = 0x21
_SUM: Final = 0x29
_TIMES: Final = struct.Struct("<BQBQ").pack
_FRAME: Final = struct.Struct("<BQBQBQ").pack
_OPTIONAL: Final = struct.Struct("<Bd").pack
# NumberDataPoint: as_double = 4, as_int = 6.
_AS_DOUBLE: Final = 0x21
_AS_INT: Final = 0x31
_INT: Final = struct.Struct("<Bq").pack
_DOUBLE: Final = struct.Struct("<Bd").pack
_USUAL_NUMBER: Final = struct.calcsize("<BQBQBq")
# HistogramDataPoint: bucket_counts = 6, explicit_bounds = 7, min = 11, max = 12.
_MIN: Final = 0x59
_MAX: Final = 0x61
_STATISTICS: Final = struct.Struct("<BQBQBQBdBdBd").pack
# ExponentialHistogramDataPoint: scale = 6, zero_count = 7, positive = 8, negative = 9, min = 12, max = 13,
# zero_threshold = 14; Buckets: offset = 1, bucket_counts = 2.
_ZERO_COUNT: Final = struct.Struct("<BQ").pack
_INT32: Final = 1 << 31
# SummaryDataPoint: quantile_values = 6; ValueAtQuantile: quantile = 1, value = 2.
_QUANTILE: Final = struct.Struct("<BBBdBd").pack
_QUANTILE_SIZE: Final = struct.calcsize("<BdBd")

_SMALL: Final = len(HEADS)
_MAX_SHAPES: Final = 64
_NO_SHAPE: Final[_Shape] = (None, 0, b"", bytes)
_NEVER: Final[Any] = object()
_NOT_OURS: Final = "a point that is not as the core makes them"


class PointWriter:
    """Write points, remembering what repeats: attributes of series, bounds, the shapes of histograms."""

    def __init__(self) -> None:
        # The field "attributes": 7 of numbers and summaries, 9 of histograms, 1 of exponential ones.
        self._number_sets = Sets(b"\x3a", _USUAL_NUMBER)
        self._histogram_sets = Sets(b"\x4a")
        self._exponential_sets = Sets(b"\x0a")
        self._summary_sets = Sets(b"\x3a")
        self._number_exemplars = Exemplars(5).write
        self._histogram_exemplars = Exemplars(8).write
        self._exponential_exemplars = Exemplars(11).write
        self._shapes: dict[int, _Shape] = {}

    def numbers(self, series: Series, points: Sequence[Any], pieces: list[bytes]) -> None:
        """Append the points of a sum or a gauge, in pieces."""
        places = self._number_sets.write(series, points)
        times, start_ns, time_ns = b"", _NEVER, _NEVER
        for point, fields, headed in zip(points, places.fields, places.headed, strict=True):
            if type(point) is not NumberPoint:
                raise TypeError(_NOT_OURS)
            _, from_ns, at_ns, value, exemplars = point
            if from_ns is not start_ns or at_ns is not time_ns:
                # The points of one collection share their times, the very objects.
                times = _TIMES(_START, from_ns, _TIME, at_ns)
                start_ns, time_ns = from_ns, at_ns
            if type(value) is int:
                number = _INT(_AS_INT, value)
            elif type(value) is float:
                number = _DOUBLE(_AS_DOUBLE, value)
            else:
                raise TypeError(_NOT_OURS)
            if exemplars:
                number += self._number_exemplars(exemplars)
                pieces.append(head(len(fields) + len(times) + len(number)))
                pieces.append(fields)
            else:
                pieces.append(headed)
            pieces.append(times)
            pieces.append(number)

    def histograms(self, series: Series, points: Sequence[Any], pieces: list[bytes]) -> None:
        """Append the points of a histogram, in pieces."""
        places = self._histogram_sets.write(series, points)
        shape = _NO_SHAPE
        for point, fields in zip(points, places.fields, strict=True):
            if type(point) is not HistogramPoint:
                raise TypeError(_NOT_OURS)
            _, start_ns, time_ns, count, total, counts, bounds, low, high, exemplars = point
            if bounds is not shape[0] or len(counts) != shape[1]:
                shape = self._shape(bounds, len(counts))
            if total is None or low is None or high is None:
                numbers = _FRAME(_START, start_ns, _TIME, time_ns, _COUNT, count) + _some(total, low, high)
            else:
                numbers = _STATISTICS(
                    _START, start_ns, _TIME, time_ns, _COUNT, count, _SUM, total, _MIN, low, _MAX, high
                )
            buckets = shape[3](*counts)
            told = self._histogram_exemplars(exemplars) if exemplars else b""
            size = len(fields) + len(numbers) + len(shape[2]) + len(buckets) + len(told)
            pieces.append(HEADS[size] if size < _SMALL else head(size))
            pieces.append(fields)
            pieces.append(numbers)
            pieces.append(shape[2])
            pieces.append(buckets)
            pieces.append(told)

    def _shape(self, bounds: Sequence[float], size: int) -> _Shape:
        """Return what the points of a histogram with these bounds, and so many buckets, have in common."""
        shape = self._shapes.get(id(bounds))
        if shape is not None and shape[1] == size:
            return shape
        if size != len(bounds) + 1 and (size or len(bounds)):
            raise ValueError(_NOT_OURS)
        limits = delimited(b"\x3a", struct.pack(f"<{len(bounds)}d", *bounds)) if len(bounds) else b""
        before = limits + (b"\x32" + varint(8 * size) if size else b"")
        shape = bounds, size, before, struct.Struct(f"<{size}Q").pack
        # Bounds that cannot change are kept, and with them their id.
        if type(bounds) is tuple and len(self._shapes) < _MAX_SHAPES:
            self._shapes[id(bounds)] = shape
        return shape

    def exponentials(self, series: Series, points: Sequence[Any], pieces: list[bytes]) -> None:
        """Append the points of an exponential histogram, in pieces."""
        places = self._exponential_sets.write(series, points)
        for point, fields in zip(points, places.fields, strict=True):
            if type(point) is not ExponentialHistogramPoint:
                raise TypeError(_NOT_OURS)
            parts = [
                fields,
                _FRAME(_START, point.start_ns, _TIME, point.time_ns, _COUNT, point.count),
                _optional(_SUM, point.sum),
                b"\x30" + _sint32(point.scale) + _ZERO_COUNT(0x39, point.zero_count),
                _buckets(b"\x42", point.positive),
                _buckets(b"\x4a", point.negative),
                self._exponential_exemplars(point.exemplars),
                _optional(0x61, point.min),
                _optional(0x69, point.max),
                _optional(0x71, point.zero_threshold),
            ]
            pieces.append(delimited(b"\x0a", b"".join(parts)))

    def summaries(self, series: Series, points: Sequence[Any], pieces: list[bytes]) -> None:
        """Append the points of a summary, in pieces."""
        places = self._summary_sets.write(series, points)
        for point, fields in zip(points, places.fields, strict=True):
            if type(point) is not SummaryPoint:
                raise TypeError(_NOT_OURS)
            parts = [
                fields,
                _FRAME(_START, point.start_ns, _TIME, point.time_ns, _COUNT, point.count),
                _OPTIONAL(_SUM, point.sum),
                *[
                    _QUANTILE(0x32, _QUANTILE_SIZE, 0x09, each, 0x11, value)
                    for each, value in point.quantiles
                ],
            ]
            pieces.append(delimited(b"\x0a", b"".join(parts)))


def _some(total: float | None, low: float | None, high: float | None) -> bytes:
    """Return those statistics of a histogram that there are."""
    return _optional(_SUM, total) + _optional(_MIN, low) + _optional(_MAX, high)


def _optional(tag: int, value: float | None) -> bytes:
    return b"" if value is None else _OPTIONAL(tag, value)


def _sint32(number: int) -> bytes:
    """Return a signed number in zigzag: 0, -1, 1, -2 are 0, 1, 2, 3."""
    if not -_INT32 <= number < _INT32:
        message = "a number of more than 32 bits"
        raise ValueError(message)
    return varint(number << 1 if number >= 0 else ~(number << 1))


def _buckets(tag: bytes, buckets: Buckets) -> bytes:
    """Return the buckets of one sign, whose counts are varints; nothing if there are none."""
    if not buckets.counts:
        return b""
    data = b"".join([varint(count) for count in buckets.counts])
    return delimited(tag, b"\x08" + _sint32(buckets.offset) + delimited(b"\x12", data))
