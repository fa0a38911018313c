"""Series: the running state of one set of attributes, one class for each kind of aggregation.

`update` is the hot path of metrics, and exact under threads without a lock: CPython (3.10 to 3.13, with its
global lock) switches threads and runs signal handlers only at calls and at backward jumps, and there is
neither between the first and the last assignment of an update. A test hammers on each class to hold that.
What cannot be written so (exponential buckets) appends to a deque, which is atomic, and folds later.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan._native import allocate_lock
from midspan.context import _slot
from midspan.sdk._exponential import Exponential, ExponentialSnapshot
from midspan.sdk._measured import INF, LEAST, LIMIT, number_of, within
from midspan.sdk.exemplars import Aligned, FixedSize

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from midspan.sdk.exemplars import Reservoir

    # Boundaries, counts, sum, and the least and greatest value since the snapshot before.
    BucketSnapshot: TypeAlias = tuple[Sequence[float], list[int], float, float, float]

__all__ = ["ExplicitSeries", "ExponentialSeries", "ExtremesSeries", "LastValueSeries", "SumSeries"]

_get: Final = _slot.get
_FOLD_AT: Final = 256
_PATIENCE_S: Final = 0.25
# OpenTelemetry specification, "Exemplar defaults".
_EXEMPLARS: Final = 1
_EXPONENTIAL_EXEMPLARS: Final = 20


class SumSeries:
    """A running sum."""

    __slots__ = ("exemplars", "is_monotonic", "value")

    def __init__(self, *, is_monotonic: bool) -> None:
        self.value: float = 0
        self.is_monotonic = is_monotonic
        self.exemplars: Reservoir = FixedSize(_EXEMPLARS)

    def update(self, amount: float) -> object:
        """Add; False if the amount was refused."""
        kind = type(amount)
        if (kind is int or kind is float) and 0 <= amount < LIMIT:
            self.value += amount
        else:
            number = self._checked(amount)
            if number is None:
                return False
            amount = number
            self.value += amount
        span = _get().span
        if span is not None and span._limits is not None and span._flags & 1:
            self.exemplars.offer(amount, span)
        return None

    def _checked(self, amount: Any) -> float | None:  # noqa: ANN401 - see number_of
        number = number_of(amount)
        if number is not None and number < 0 and self.is_monotonic:
            _trouble.report("metrics.negative", "a counter only grows; %s was dropped", amount)
            return None
        return number

    def restart(self) -> None:
        """Begin at 0: an observed sum is told whole each time."""
        self.value = 0

    def snapshot(self) -> float:
        """Return the sum so far."""
        value = self.value
        return value if LEAST <= value < LIMIT else within(value)


class LastValueSeries:
    """The last value."""

    __slots__ = ("exemplars", "value")

    def __init__(self) -> None:
        self.value: float | None = None
        self.exemplars: Reservoir = FixedSize(_EXEMPLARS)

    def update(self, amount: float) -> object:
        """Remember; False if the amount was refused."""
        kind = type(amount)
        if not ((kind is int or kind is float) and LEAST <= amount < LIMIT):
            number = number_of(amount)
            if number is None:
                return False
            amount = number
        self.value = amount
        span = _get().span
        if span is not None and span._limits is not None and span._flags & 1:
            self.exemplars.offer(amount, span)
        return None

    def restart(self) -> None:
        """Know no value: what is not observed again is gone."""
        self.value = None

    def snapshot(self) -> float | None:
        """Return the last value, None if there was none."""
        return self.value


class ExplicitSeries:
    """Counts between fixed boundaries, with sum, least and greatest."""

    __slots__ = ("_bounds", "_counts", "_high", "_low", "_sum", "exemplars")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum: float = 0
        self._low, self._high = INF, -INF
        self.exemplars: Reservoir = Aligned(bounds)

    def update(self, value: float) -> object:
        """Count one value; False if it was refused."""
        kind = type(value)
        if not ((kind is int or kind is float) and LEAST <= value < LIMIT):
            number = number_of(value)
            if number is None:
                return False
            value = number
        slot = bisect_left(self._bounds, value)
        counts = self._counts
        # From here to the blank line: neither a call nor a backward jump.
        counts[slot] += 1
        self._sum += value
        if value < self._low:  # noqa: PLR1730 - `min` is a call
            self._low = value
        if value > self._high:  # noqa: PLR1730 - `max` is a call
            self._high = value

        span = _get().span
        if span is not None and span._limits is not None and span._flags & 1:
            self.exemplars.offer(value, span)
        return None

    def snapshot(self) -> BucketSnapshot:
        """Return the state; the extremes begin anew."""
        total = self._sum if LEAST <= self._sum < LIMIT else within(self._sum)
        taken = (self._bounds, self._counts[:], total, self._low, self._high)
        self._low, self._high = INF, -INF
        return taken


class ExtremesSeries:
    """Count, sum, least and greatest: a histogram without buckets."""

    __slots__ = ("_count", "_high", "_low", "_sum", "exemplars")

    def __init__(self) -> None:
        self._count = 0
        self._sum: float = 0
        self._low, self._high = INF, -INF
        self.exemplars: Reservoir = FixedSize(_EXEMPLARS)

    def update(self, value: float) -> object:
        """Count one value; False if it was refused."""
        kind = type(value)
        if not ((kind is int or kind is float) and LEAST <= value < LIMIT):
            number = number_of(value)
            if number is None:
                return False
            value = number
        # From here to the blank line: neither a call nor a backward jump.
        self._count += 1
        self._sum += value
        if value < self._low:  # noqa: PLR1730 - `min` is a call
            self._low = value
        if value > self._high:  # noqa: PLR1730 - `max` is a call
            self._high = value

        span = _get().span
        if span is not None and span._limits is not None and span._flags & 1:
            self.exemplars.offer(value, span)
        return None

    def snapshot(self) -> BucketSnapshot:
        """Return the state, with the count as the only bucket; the extremes begin anew."""
        taken = ((), [self._count], within(self._sum), self._low, self._high)
        self._low, self._high = INF, -INF
        return taken


class ExponentialSeries:
    """Counts between boundaries that grow exponentially, and coarser by themselves when they must."""

    __slots__ = ("_folding", "_pending", "_state", "exemplars")

    def __init__(self, max_size: int, max_scale: int) -> None:
        self._state = Exponential(max_size, max_scale)
        self._pending: deque[float] = deque()
        self._folding = allocate_lock()
        self.exemplars: Reservoir = FixedSize(min(max_size, _EXPONENTIAL_EXEMPLARS))

    def update(self, value: float) -> object:
        """Count one value; False if it was refused."""
        kind = type(value)
        if not ((kind is int or kind is float) and LEAST <= value < LIMIT):
            number = number_of(value)
            if number is None:
                return False
            value = number
        self._pending.append(value)
        if len(self._pending) >= _FOLD_AT and self._folding.acquire(blocking=False):
            self._fold_and_release()
        span = _get().span
        if span is not None and span._limits is not None and span._flags & 1:
            self.exemplars.offer(value, span)
        return None

    def _fold_and_release(self) -> None:
        try:
            pending, state = self._pending, self._state
            while pending:
                state.count_value(pending.popleft())
        finally:
            self._folding.release()

    def snapshot(self) -> ExponentialSnapshot | None:
        """Return the state so far, None if it cannot be had now; the extremes begin anew."""
        # A signal handler that collects may have interrupted this very thread while it folds.
        if not self._folding.acquire(timeout=_PATIENCE_S):
            return None
        self._fold_and_release()
        taken = self._state.snapshot()
        return taken if LEAST <= taken.sum < LIMIT else taken._replace(sum=within(taken.sum))
