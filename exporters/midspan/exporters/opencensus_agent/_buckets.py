"""Turn the buckets of histograms into OpenCensus's, whose bounds are above zero and rise.

Two things cannot be said: that a value was below zero, for it counts below the lowest bound there is; and on
which side of a bound the values are that lie on it. Native buckets hold their upper bound, OpenCensus's the
lower one. The numbers that the bridge tells of OpenCensus's own views are theirs, and exact.

An exponential histogram becomes one with a bound for each of its buckets.
"""

from __future__ import annotations

import functools
import math
import struct
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Final

from midspan.exporters._wire import delimited, pack_double
from midspan.exporters.opencensus_agent._labels import label_text
from midspan.exporters.opencensus_agent._values import count64, string_map, time_field
from midspan.metrics import HistogramPoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from midspan.metrics import Exemplar, ExponentialHistogramPoint

__all__ = ["bucket_fields", "explicit_of"]

# With it one bucket holds all doubles above 1, so that a lower scale says the same; and 2 ** 11 is a double.
_LEAST_SCALE: Final = -11


def explicit_of(point: ExponentialHistogramPoint) -> HistogramPoint:
    """Return the same with explicit buckets; what is not above zero is counted below the lowest of them."""
    counts, offset = point.positive.counts, point.positive.offset
    width = math.pow(2.0, -max(point.scale, _LEAST_SCALE))
    bounds = [_power((offset + index) * width) for index in range(len(counts) + 1)] if counts else []
    below = point.zero_count + sum(point.negative.counts)
    return HistogramPoint(
        point.attributes,
        point.start_ns,
        point.time_ns,
        point.count,
        point.sum,
        [below, *counts, 0] if counts else [],
        bounds,
        exemplars=point.exemplars,
    )


def _power(exponent: float) -> float:
    try:
        return math.pow(2.0, exponent)
    except OverflowError:
        return math.inf


def bucket_fields(point: HistogramPoint) -> bytes:
    """Return the fields bucket_options = 4 and buckets = 5 of a `DistributionValue`; none without bounds.

    BucketOptions: explicit = 1; Explicit: bounds = 1; Bucket: count = 1, exemplar = 2.

    Raises:
        Exception: There is something odd about it, as more bounds than buckets.
    """
    if len(point.bucket_counts) != len(point.bounds) + 1 and (point.bucket_counts or point.bounds):
        raise ValueError("buckets that contradict their bounds")
    bounds, counts = _above_zero(point.bounds, point.bucket_counts)
    if not bounds:
        return b""
    packed = delimited(b"\x0a", struct.pack(f"<{len(bounds)}d", *bounds))
    kept = _latest(bounds, point.exemplars)
    buckets = [
        _bucket(count, _exemplar(kept[at])) if at in kept else _known_bucket(count)
        for at, count in enumerate(counts)
    ]
    return delimited(b"\x22", delimited(b"\x0a", packed)) + b"".join(buckets)


def _bucket(count: int, exemplar: bytes = b"") -> bytes:
    return delimited(b"\x2a", b"\x08" + count64(count) + exemplar)


# Most buckets hold nothing, or what they held the last time.
_known_bucket: Final = functools.lru_cache(1024)(_bucket)


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


def _latest(bounds: list[float], exemplars: Iterable[Exemplar]) -> dict[int, Exemplar]:
    """Return the newest exemplar of each bucket, by its place."""
    return {
        bisect_left(bounds, each.value): each
        for each in sorted(exemplars, key=lambda each: each.timestamp_ns)
    }


def _exemplar(exemplar: Exemplar) -> bytes:
    """Return the field of an `Exemplar`: value = 1, timestamp = 2, attachments = 3."""
    attachments: dict[str, Any] = {
        key: label_text(value) for key, value in exemplar.filtered_attributes.items()
    }
    if exemplar.trace_id:
        attachments["trace_id"] = f"{exemplar.trace_id:032x}"
    if exemplar.span_id:
        attachments["span_id"] = f"{exemplar.span_id:016x}"
    value = b"\x09" + pack_double(exemplar.value)
    return delimited(
        b"\x12", value + time_field(b"\x12", exemplar.timestamp_ns) + string_map(b"\x1a", attachments)
    )
