"""Turn native histograms into OpenCensus's distributions, whose bounds are above zero and rise."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

from opencensus.metrics.export import value as oc_value

from midspan import _trouble
from midspan.bridges.opencensus import _convert
from midspan.metrics import ExponentialHistogramPoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from midspan.metrics import Exemplar, HistogramPoint

__all__ = ["distribution"]


def distribution(point: HistogramPoint | ExponentialHistogramPoint, *, is_theirs: bool) -> Any:
    """Return OpenCensus's distribution; what it holds of least and greatest value is nothing.

    The sum of squared deviations is told as 0, since nobody knows it, and so is a sum that nobody knows.
    `is_theirs` says that the histogram is one of OpenCensus's own.
    """
    if isinstance(point, ExponentialHistogramPoint):
        bounds, counts = _above_zero(*_explicit(point))
    else:
        bounds, counts = _above_zero(point.bounds, point.bucket_counts)
    options, buckets = oc_value.BucketOptions(), None
    if bounds:
        options = oc_value.BucketOptions(oc_value.Explicit(bounds))
        find = bisect_right if is_theirs else bisect_left
        kept = {find(bounds, each.value): each for each in sorted(point.exemplars, key=_time)}
        buckets = [oc_value.Bucket(count, _exemplar(kept.get(i))) for i, count in enumerate(counts)]
    return oc_value.ValueDistribution(point.count, point.sum or 0.0, 0.0, options, buckets)


def _above_zero(bounds: Iterable[float], counts: Sequence[int]) -> tuple[list[float], list[int]]:
    """Return bounds that OpenCensus takes; what is counted below one that it does not goes to the next."""
    kept: list[float] = []
    counted: list[int] = []
    waiting = 0
    for bound, count in zip(bounds, counts, strict=False):
        waiting += count
        if (kept[-1] if kept else 0.0) < bound < math.inf:
            kept.append(float(bound))
            counted.append(waiting)
            waiting = 0
    return kept, [*counted, waiting + sum(counts[-1:])]


def _explicit(point: ExponentialHistogramPoint) -> tuple[list[float], list[int]]:
    """Return the bounds of exponential buckets; what is not above zero is counted below the lowest."""
    offset, counts = point.positive.offset, list(point.positive.counts)
    width = math.pow(2.0, -point.scale)
    bounds = [_power((offset + index) * width) for index in range(len(counts) + 1)]
    return bounds, [point.zero_count + sum(point.negative.counts), *counts, 0]


def _power(exponent: float) -> float:
    try:
        return math.pow(2.0, exponent)
    except OverflowError:
        return math.inf


def _time(given: Exemplar) -> int:
    return given.timestamp_ns


def _exemplar(given: Exemplar | None) -> Any:
    """Return OpenCensus's exemplar; the span in which it was measured is told among the attachments."""
    if given is None:
        return None
    attachments = {key: _trouble.safe_str(value) for key, value in given.filtered_attributes.items()}
    if given.trace_id:
        attachments |= {"trace_id": f"{given.trace_id:032x}", "span_id": f"{given.span_id:016x}"}
    return oc_value.Exemplar(given.value, _convert.to_iso(given.timestamp_ns), attachments)
