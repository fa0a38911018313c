"""Add up points of one series: two that Prometheus cannot tell apart, or those of several processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan.metrics import Buckets, ExponentialHistogramPoint, HistogramPoint, NumberPoint, SummaryPoint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from midspan.metrics import Exemplar, Point

__all__ = ["merged"]


# As many as our own histograms have. It ends at the scale 0, where all doubles have two thousand: what is
# shown are powers of two.
_MAX_BUCKETS: Final = 160


def merged(first: Point, second: Point, how: str) -> Point | None:
    """Return one point for two of one series; None if there is none, as of two gauges.

    `how` is the family's kind. For levels of several processes it is the name of a mode instead (see
    `Gauges`), and "summaries" for their summaries, which keep no quantiles.
    """
    merge = _WAYS.get(how)
    return None if merge is None else merge(first, second)


def _totals(first: Point, second: Point) -> Point | None:
    if not (isinstance(first, NumberPoint) and isinstance(second, NumberPoint)):
        return None
    return first._replace(
        start_ns=min(first.start_ns, second.start_ns),
        time_ns=max(first.time_ns, second.time_ns),
        value=first.value + second.value,
        exemplars=_exemplars(first, second),
    )


def _level(choose: Callable[[NumberPoint, NumberPoint], bool]) -> Callable[[Any, Any], Point]:
    """Return a function that keeps the second of two levels where `choose` says so."""
    return lambda first, second: second if choose(first, second) else first


def _distributions(first: Point, second: Point) -> Point | None:
    if isinstance(first, HistogramPoint) and isinstance(second, HistogramPoint):
        return _histogram(first, second)
    if isinstance(first, ExponentialHistogramPoint) and isinstance(second, ExponentialHistogramPoint):
        return _exponential(first, second)
    return None


def _histogram(first: HistogramPoint, second: HistogramPoint) -> HistogramPoint:
    """Add up buckets; where the bounds differ, between those that both have, which loses no count."""
    bounds, counts = first.bounds, first.bucket_counts
    theirs = second.bucket_counts
    if bounds != second.bounds or len(counts) != len(theirs):
        shared = frozenset(second.bounds)
        bounds = [bound for bound in bounds if bound in shared]
        counts, theirs = _coarser(first, bounds), _coarser(second, bounds)
    return first._replace(
        start_ns=min(first.start_ns, second.start_ns),
        time_ns=max(first.time_ns, second.time_ns),
        count=first.count + second.count,
        sum=_sum(first, second),
        bucket_counts=[mine + other for mine, other in zip(counts, theirs, strict=True)],
        bounds=bounds,
        exemplars=_exemplars(first, second),
    )


def _coarser(point: HistogramPoint, bounds: Sequence[float]) -> list[int]:
    """Return the counts between some of a histogram's bounds. One without buckets has all in the last."""
    counts, at = [0] * (len(bounds) + 1), 0
    own = [*point.bounds, None] if point.bucket_counts else [None]
    for bound, count in zip(own, point.bucket_counts or (point.count,), strict=True):
        counts[at] += count
        if at < len(bounds) and bound == bounds[at]:
            at += 1
    return counts


def _exponential(first: ExponentialHistogramPoint, second: ExponentialHistogramPoint) -> Point:
    """Add up buckets at the coarser of the two scales, or at one where there are not too many of them."""
    scale = min(first.scale, second.scale)
    both = (first.positive, second.positive), (first.negative, second.negative)
    while scale > 0 and any(
        _width(sides, (first.scale, second.scale), scale) > _MAX_BUCKETS for sides in both
    ):
        scale -= 1
    shifts = first.scale - scale, second.scale - scale
    return first._replace(
        start_ns=min(first.start_ns, second.start_ns),
        time_ns=max(first.time_ns, second.time_ns),
        count=first.count + second.count,
        sum=_sum(first, second),
        scale=scale,
        zero_count=first.zero_count + second.zero_count,
        positive=_buckets(both[0], shifts),
        negative=_buckets(both[1], shifts),
        zero_threshold=max(first.zero_threshold, second.zero_threshold),
        exemplars=_exemplars(first, second),
    )


def _width(sides: Sequence[Buckets], scales: Sequence[int], scale: int) -> int:
    """Return how many buckets there are at a scale between the first and the last."""
    ends = [
        (side.offset >> own - scale, side.offset + len(side.counts) - 1 >> own - scale)
        for side, own in zip(sides, scales, strict=True)
        if side.counts
    ]
    return max(high for _, high in ends) - min(low for low, _ in ends) + 1 if ends else 0


def _buckets(sides: Sequence[Buckets], shifts: Sequence[int]) -> Buckets:
    counts: dict[int, int] = {}
    for side, shift in zip(sides, shifts, strict=True):
        for place, count in enumerate(side.counts):
            if count:
                index = (side.offset + place) >> shift
                counts[index] = counts.get(index, 0) + count
    if not counts:
        return Buckets(0, ())
    low, high = min(counts), max(counts)
    return Buckets(low, [counts.get(index, 0) for index in range(low, high + 1)])


def _summaries(first: Point, second: Point) -> Point | None:
    if not (isinstance(first, SummaryPoint) and isinstance(second, SummaryPoint)):
        return None
    return first._replace(
        start_ns=min(first.start_ns, second.start_ns),
        time_ns=max(first.time_ns, second.time_ns),
        count=first.count + second.count,
        sum=first.sum + second.sum,
        quantiles=(),
    )


def _sum(first: Any, second: Any) -> float | None:  # noqa: ANN401 - points that may have a sum
    return None if first.sum is None or second.sum is None else first.sum + second.sum


def _exemplars(first: Any, second: Any) -> tuple[Exemplar, ...]:  # noqa: ANN401 - points that have exemplars
    return (*first.exemplars, *second.exemplars)


_WAYS: Final[Mapping[str, Callable[[Any, Any], Point | None]]] = {
    "counter": _totals,
    "histogram": _distributions,
    "summaries": _summaries,
    "sum": _totals,
    "livesum": _totals,
    "max": _level(lambda first, second: second.value > first.value),
    "min": _level(lambda first, second: second.value < first.value),
    "mostrecent": _level(lambda first, second: second.time_ns > first.time_ns),
}
