"""See in the buckets of a histogram how its values are spread."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan.metrics import ExponentialHistogramPoint, HistogramPoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from midspan.exporters.console._style import Glyphs

__all__ = ["Bucket", "buckets_of", "quantile", "sparkline"]

_MAX_CELLS: Final = 16


class Bucket(NamedTuple):
    """How many values lie between two edges."""

    low: float
    high: float
    count: int  # type: ignore[assignment]  # nobody counts the items of a bucket


def buckets_of(point: Any) -> list[Bucket]:  # noqa: ANN401 - a point of either histogram; of others, nothing
    """Return the buckets from the first to the last that is not empty; none if there are no bounds."""
    if isinstance(point, HistogramPoint) and point.bounds:
        buckets = list(_explicit(point))
    elif isinstance(point, ExponentialHistogramPoint):
        buckets = list(_exponential(point))
    else:
        return []
    filled = [number for number, bucket in enumerate(buckets) if bucket.count]
    if not filled:
        return []
    return _tightened(buckets[filled[0] : filled[-1] + 1], point.min, point.max)


def _explicit(point: HistogramPoint) -> Iterator[Bucket]:
    # Nothing is known beyond the outer bounds; most measurements are not negative.
    edges = [min(point.bounds[0], 0.0), *point.bounds, point.bounds[-1]]
    for number, count in enumerate(point.bucket_counts):
        yield Bucket(edges[number], edges[number + 1], count)


def _exponential(point: ExponentialHistogramPoint) -> Iterator[Bucket]:
    width = 2.0**-point.scale
    for number in reversed(range(len(point.negative.counts))):
        low, high = _power((point.negative.offset + number) * width, width)
        yield Bucket(-high, -low, point.negative.counts[number])
    if point.zero_count:
        yield Bucket(-point.zero_threshold, point.zero_threshold, point.zero_count)
    for number, count in enumerate(point.positive.counts):
        yield Bucket(*_power((point.positive.offset + number) * width, width), count)


def _power(exponent: float, width: float) -> tuple[float, float]:
    """Return the edges of a bucket, in what a double can hold."""
    low, high = (2.0 ** min(max(e, -1074.0), 1023.0) for e in (exponent, exponent + width))
    return low, high


def _tightened(buckets: list[Bucket], least: float | None, most: float | None) -> list[Bucket]:
    """Return the same, all of it between the least and the most value where these are known."""
    floor, top = -math.inf if least is None else least, math.inf if most is None else most
    # The smallest numbers that a double holds are counted in a bucket that lies above them.
    within = [
        Bucket(min(max(bucket.low, floor), top), min(max(bucket.high, floor), top), bucket.count)
        for bucket in buckets
    ]
    if least is not None:
        within[0] = within[0]._replace(low=least)
    if most is not None:
        within[-1] = within[-1]._replace(high=most)
    return within


def quantile(buckets: Sequence[Bucket], share: float) -> float:
    """Estimate the value below which `share` of all lie, as if each bucket were filled evenly."""
    rank = share * sum(bucket.count for bucket in buckets)
    for bucket in buckets:
        if rank <= bucket.count:
            return (
                bucket.low + (bucket.high - bucket.low) * rank / bucket.count if bucket.count else bucket.low
            )
        rank -= bucket.count
    return buckets[-1].high


def sparkline(buckets: Sequence[Bucket], glyphs: Glyphs) -> str:
    """Return one cell for each bucket, or for some neighbours, whose height says how full it is."""
    together = math.ceil(len(buckets) / _MAX_CELLS) or 1
    counts = [
        sum(bucket.count for bucket in buckets[start : start + together])
        for start in range(0, len(buckets), together)
    ]
    top = max(counts, default=0)
    return "".join(
        glyphs.levels[math.ceil(count / top * (len(glyphs.levels) - 1))] if count else glyphs.levels[0]
        for count in counts
    )
