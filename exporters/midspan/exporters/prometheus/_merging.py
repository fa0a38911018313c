"""Add up points that Prometheus cannot tell apart, so that no total is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midspan.metrics import HistogramPoint, NumberPoint

if TYPE_CHECKING:
    from midspan.metrics import Exemplar, Point

__all__ = ["merged"]


def merged(first: Point, second: Point, kind: str) -> Point | None:
    """Return one point for two of one series; None if there is no sum of them, as of two gauges."""
    if kind == "counter" and isinstance(first, NumberPoint) and isinstance(second, NumberPoint):
        return first._replace(value=first.value + second.value, exemplars=_exemplars(first, second))
    if isinstance(first, HistogramPoint) and isinstance(second, HistogramPoint):
        return _histogram(first, second) if tuple(first.bounds) == tuple(second.bounds) else None
    return None


def _histogram(first: HistogramPoint, second: HistogramPoint) -> HistogramPoint | None:
    if len(first.bucket_counts) != len(second.bucket_counts):
        return None
    pairs = zip(first.bucket_counts, second.bucket_counts, strict=True)
    return first._replace(
        count=first.count + second.count,
        sum=None if first.sum is None or second.sum is None else first.sum + second.sum,
        bucket_counts=[mine + theirs for mine, theirs in pairs],
        exemplars=_exemplars(first, second),
    )


def _exemplars(first: Any, second: Any) -> tuple[Exemplar, ...]:  # noqa: ANN401 - points that have exemplars
    return (*first.exemplars, *second.exemplars)
