"""What a forked child must not tell a second time: what its parent had counted until then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan.metrics import HistogramPoint, NumberPoint

if TYPE_CHECKING:
    from midspan.metrics import Point

__all__ = ["BEFORE", "SINCE_NS", "since"]

# Attributes of OpenCensus's objects: the point as it was when this process was forked, and since when a
# series or a view counts.
BEFORE: Final = "_midspan_before"
SINCE_NS: Final = "_midspan_since_ns"


def since(point: Point, before: Any) -> Point | None:
    """Return what was counted since an earlier point of the same series; None if that is nothing."""
    if before is None:
        return point
    if isinstance(point, NumberPoint):
        return None if point.value == before.value else point._replace(value=point.value - before.value)
    if isinstance(point, HistogramPoint):
        return _counted_since(point, before)
    return None if point == before else point


def _counted_since(point: HistogramPoint, before: HistogramPoint) -> HistogramPoint | None:
    if point.count == before.count:
        return None
    return point._replace(
        count=point.count - before.count,
        sum=(point.sum or 0) - (before.sum or 0),
        bucket_counts=tuple(
            now - then for now, then in zip(point.bucket_counts, before.bucket_counts, strict=True)
        ),
        exemplars=tuple(kept for kept in point.exemplars if kept not in before.exemplars),
    )
