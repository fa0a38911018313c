"""Cut a `WriteRequest` that a receiver found too large in two, between the points that it was made of.

All samples of a point (the buckets of a histogram, say) stay together, and each half has the metadata of the
families that it holds samples of. Field numbers are those of prometheus/prompb (see `_write_request`).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, NamedTuple

from midspan.exporters._wire import each_field, read_fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["halve_write_request"]

_TIME_SERIES: Final = 1
_METADATA: Final = 3
_LABEL: Final = 1
_TARGET: Final = b"target_info"
# MetricMetadata.MetricType: a histogram and a summary, of which one point is several series.
_DISTRIBUTIONS: Final = frozenset({3, 5})
# What tells the series of one point apart.
_OF_A_SAMPLE: Final = frozenset({b"__name__", b"le", b"quantile"})


class _Point(NamedTuple):
    """The bytes of all series of a point, and of its family's metadata."""

    series: list[bytes]
    metadata: bytes


def halve_write_request(payload: bytes) -> list[tuple[bytes, int]]:
    """Return two payloads with their counts of points; none if there is but one point.

    Raises:
        ValueError: This is no request.
    """
    points = _points(payload)
    middle = len(points) // 2
    return [(_joined(half), len(half)) for half in (points[:middle], points[middle:])] if middle else []


def _points(payload: bytes) -> list[_Point]:
    """Return the points of a request, in which a family's metadata follow its series."""
    points: list[_Point] = []
    family: list[tuple[bytes, dict[bytes, bytes]]] = []
    for number, value, whole in each_field(payload):
        if number == _TIME_SERIES and isinstance(value, bytes):
            labels = dict(_labels(value))
            # What tells of the resource is no measurement, and goes with the one before it.
            if labels.get(b"__name__") != _TARGET:
                family.append((whole, labels))
            elif family:
                family[-1] = family[-1][0] + whole, family[-1][1]
            elif points:
                points[-1].series.append(whole)
        elif number == _METADATA and isinstance(value, bytes):
            is_distribution = read_fields(value).get(1) in _DISTRIBUTIONS
            points += [_Point(series, whole) for series in _series_of_points(family, is_distribution)]
            family = []
    return points


def _labels(series: bytes) -> Iterator[tuple[bytes, bytes]]:
    for number, value, _ in each_field(series):
        if number == _LABEL and isinstance(value, bytes):
            label = read_fields(value)
            name, text = label.get(1, b""), label.get(2, b"")
            if isinstance(name, bytes) and isinstance(text, bytes):
                yield name, text


def _series_of_points(
    family: Sequence[tuple[bytes, dict[bytes, bytes]]],
    is_distribution: bool,  # noqa: FBT001 - called once
) -> Iterator[list[bytes]]:
    if not is_distribution:
        yield from ([whole] for whole, _ in family)
        return

    def point_of(each: tuple[bytes, dict[bytes, bytes]]) -> dict[bytes, bytes]:
        return {name: text for name, text in each[1].items() if name not in _OF_A_SAMPLE}

    for _, series in itertools.groupby(family, point_of):
        yield [whole for whole, _ in series]


def _joined(points: Sequence[_Point]) -> bytes:
    """Return a request with some points, family by family."""
    out: list[bytes] = []
    for metadata, family in itertools.groupby(points, lambda point: point.metadata):
        out += [series for point in family for series in point.series]
        out.append(metadata)
    return b"".join(out)
