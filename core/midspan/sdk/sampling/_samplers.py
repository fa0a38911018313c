"""The samplers that go by the trace, by the parent, or by how many there were."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from midspan.sdk.sampling._decision import ALWAYS, DROP, LOWER_64, SAMPLE, Situation, close, threshold_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.sdk.sampling._decision import Sampler, SamplingRequest, SamplingResult

__all__ = ["ParentBased", "RateLimiting", "TraceIdRatio", "always_off", "always_on"]


class _Constant:
    """Answer the same, always."""

    def __init__(self, name: str, result: SamplingResult) -> None:
        self._name = name
        self._result = result

    def __call__(self, request: SamplingRequest) -> SamplingResult:  # noqa: ARG002 - nothing to look at
        return self._result

    def threshold(self, situation: Situation) -> int:  # noqa: ARG002 - the same in all
        return ALWAYS if self._result is SAMPLE else 0

    def __repr__(self) -> str:
        return self._name


always_on: Final = _Constant("always_on", SAMPLE)
always_off: Final = _Constant("always_off", DROP)


class TraceIdRatio:
    """Sample a share of the traces, chosen by the lower 64 bits of the trace id.

    All services with the same ratio choose the same traces, OpenTelemetry's among them.
    """

    def __init__(self, ratio: float) -> None:
        """Take a ratio from 0.0 to 1.0.

        Raises:
            ValueError: The ratio is outside that range.
        """
        if not 0.0 <= ratio <= 1.0:
            message = f"a sampling ratio is from 0.0 to 1.0, not {ratio!r}"
            raise ValueError(message)
        self.ratio = ratio
        self._bound = round(ratio * ALWAYS)

    def __call__(self, request: SamplingRequest) -> SamplingResult:
        """Decide by the trace id."""
        return SAMPLE if request.trace_id & LOWER_64 < self._bound else DROP

    def threshold(self, situation: Situation) -> int:  # noqa: ARG002 - whatever the parent
        """Answer ahead."""
        return self._bound

    def __repr__(self) -> str:
        return f"traceidratio:{self.ratio:g}"


class ParentBased:
    """Do as the caller did; ask `root` where there is none. The other four samplers refine each case."""

    def __init__(
        self,
        root: Sampler,
        *,
        remote_parent_sampled: Sampler = always_on,
        remote_parent_not_sampled: Sampler = always_off,
        local_parent_sampled: Sampler = always_on,
        local_parent_not_sampled: Sampler = always_off,
    ) -> None:
        self._samplers = {
            Situation.ROOT: root,
            Situation.LOCAL_UNSAMPLED: local_parent_not_sampled,
            Situation.LOCAL_SAMPLED: local_parent_sampled,
            Situation.REMOTE_UNSAMPLED: remote_parent_not_sampled,
            Situation.REMOTE_SAMPLED: remote_parent_sampled,
        }

    def __call__(self, request: SamplingRequest) -> SamplingResult:
        """Ask the sampler for this kind of parent."""
        return self._samplers[Situation.of(request.parent)](request)

    def threshold(self, situation: Situation) -> int | None:
        """Answer ahead where the sampler of that situation can."""
        return threshold_of(self._samplers[situation], situation)

    def close(self) -> None:
        """Close its samplers."""
        for sampler in self._samplers.values():
            close(sampler)

    def __repr__(self) -> str:
        return f"parentbased_{self._samplers[Situation.ROOT]!r}"


class RateLimiting:
    """Sample at most so many spans a second, with a burst of the same size (at least one).

    Threads that meet in the same instant may let a few more through: no lock is taken on the way in.
    """

    def __init__(self, per_second: float, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        """Take a rate of 0 or more a second.

        Raises:
            ValueError: The rate is negative or not a number.
        """
        if not per_second >= 0:
            message = f"a rate is 0 or more spans a second, not {per_second!r}"
            raise ValueError(message)
        self.per_second = per_second
        self._clock_s = clock_s
        self._burst = max(per_second, 1.0) if per_second else 0.0
        self._balance = self._burst
        self._filled_s = clock_s()

    def allows(self) -> bool:
        """Take one from the allowance, and say whether there was one."""
        now_s = self._clock_s()
        balance = min(self._burst, self._balance + (now_s - self._filled_s) * self.per_second)
        self._filled_s = now_s
        self._balance = balance - 1.0 if balance >= 1.0 else balance
        return balance >= 1.0

    def __call__(self, request: SamplingRequest) -> SamplingResult:  # noqa: ARG002 - only the moment counts
        """Decide by what is left of the allowance."""
        return SAMPLE if self.allows() else DROP

    def __repr__(self) -> str:
        return f"ratelimiting:{self.per_second:g}"
