"""Base-2 exponential buckets that halve their resolution by themselves.

Bucket `i` at scale `s` holds values in (base ** i, base ** (i + 1)] with base = 2 ** (2 ** -s)
(OpenTelemetry data model, "ExponentialHistogram").
"""

from __future__ import annotations

import math
import sys
from typing import Final, NamedTuple

from midspan.metrics import Buckets

__all__ = ["MIN_SCALE", "Exponential", "ExponentialSnapshot", "difference"]

MIN_SCALE: Final = -10
_LEAST_NORMAL: Final = sys.float_info.min
_INF: Final = math.inf


class ExponentialSnapshot(NamedTuple):
    """The state at one moment; `low` and `high` are those since the snapshot before."""

    count: int  # type: ignore[assignment]  # nobody counts items of a snapshot
    sum: float
    scale: int
    zero_count: int
    positive: Buckets
    negative: Buckets
    low: float
    high: float


def index_of(value: float, scale: int) -> int:
    """Return the bucket of a value above 0."""
    # Subnormal values have fewer digits than their logarithm: they count as the least normal one.
    mantissa, exponent = math.frexp(max(value, _LEAST_NORMAL))
    is_power = mantissa == 0.5  # noqa: PLR2004 - the mantissa of every power of two
    if scale <= 0:
        return (exponent - 1 - is_power) >> -scale
    if is_power:
        # The logarithm of a power of two may be off by one unit; its bucket is known.
        return ((exponent - 1) << scale) - 1
    return math.ceil(math.ldexp(math.log2(value), scale)) - 1


class Exponential:
    """The running state. One thread at a time."""

    __slots__ = ("_high", "_low", "_max_size", "_negative", "_positive", "_scale", "_sum", "_zeros")

    def __init__(self, max_size: int, max_scale: int) -> None:
        self._max_size = max_size
        self._scale = max_scale
        self._positive: dict[int, int] = {}
        self._negative: dict[int, int] = {}
        self._zeros = 0
        self._sum: float = 0
        self._low, self._high = _INF, -_INF

    def count_value(self, value: float) -> None:
        """Count one finite value."""
        self._sum += value
        self._low = min(self._low, value)
        self._high = max(self._high, value)
        if value == 0:
            self._zeros += 1
            return
        buckets = self._positive if value > 0 else self._negative
        magnitude = abs(value)
        index = index_of(magnitude, self._scale)
        if index not in buckets and buckets:
            excess = self._excess(min(index, *buckets), max(index, *buckets))
            if excess:
                self._coarsen(excess)
                buckets = self._positive if value > 0 else self._negative
                index = index_of(magnitude, self._scale)
        buckets[index] = buckets.get(index, 0) + 1

    def _excess(self, low: int, high: int) -> int:
        """Return by how many scales to coarsen until the span of indices fits."""
        excess = 0
        while high - low >= self._max_size:
            low, high = low >> 1, high >> 1
            excess += 1
        return min(excess, self._scale - MIN_SCALE)

    def _coarsen(self, by: int) -> None:
        self._scale -= by
        self._positive = _shifted(self._positive, by)
        self._negative = _shifted(self._negative, by)

    def snapshot(self) -> ExponentialSnapshot:
        """Return the state; the extremes begin anew."""
        count = self._zeros + sum(self._positive.values()) + sum(self._negative.values())
        taken = ExponentialSnapshot(
            count,
            self._sum,
            self._scale,
            self._zeros,
            _dense(self._positive),
            _dense(self._negative),
            self._low,
            self._high,
        )
        self._low, self._high = _INF, -_INF
        return taken


def difference(later: ExponentialSnapshot, earlier: ExponentialSnapshot) -> ExponentialSnapshot:
    """Return what was counted between two snapshots, at the later one's scale."""
    by = earlier.scale - later.scale
    return later._replace(
        count=later.count - earlier.count,
        sum=later.sum - earlier.sum,
        zero_count=later.zero_count - earlier.zero_count,
        positive=_minus(later.positive, earlier.positive, by),
        negative=_minus(later.negative, earlier.negative, by),
    )


def _minus(later: Buckets, earlier: Buckets, by: int) -> Buckets:
    counts = _sparse(later)
    for index, count in _shifted(_sparse(earlier), by).items():
        counts[index] = counts.get(index, 0) - count
    return _dense({index: count for index, count in counts.items() if count})


def _sparse(buckets: Buckets) -> dict[int, int]:
    return {buckets.offset + i: count for i, count in enumerate(buckets.counts) if count}


def _shifted(buckets: dict[int, int], by: int) -> dict[int, int]:
    shifted: dict[int, int] = {}
    for index, count in buckets.items():
        shifted[index >> by] = shifted.get(index >> by, 0) + count
    return shifted


def _dense(buckets: dict[int, int]) -> Buckets:
    if not buckets:
        return _NO_BUCKETS
    low, high = min(buckets), max(buckets)
    count_of = buckets.get
    return Buckets(low, tuple([count_of(index, 0) for index in range(low, high + 1)]))


_NO_BUCKETS: Final = Buckets(0, ())
