"""Turn what a Jaeger agent or collector answers into a sampler; nothing here talks to anybody.

The answer is JSON (jaeger-idl, `api_v2/sampling.proto`), in one of three forms:

    {"strategyType": "PROBABILISTIC", "probabilisticSampling": {"samplingRate": 0.1}}
    {"strategyType": "RATE_LIMITING", "rateLimitingSampling": {"maxTracesPerSecond": 5}}
    {"operationSampling": {"defaultSamplingProbability": 0.1, "defaultLowerBoundTracesPerSecond": 0.1,
     "perOperationStrategies": [{"operation": "GET /", "probabilisticSampling": {"samplingRate": 0.5}}]}}

Older agents write the type as a number. Jaeger's adaptive sampling computes its rates from the spans that
arrive, so the root span of each trace says which sampler chose it: `sampler.type` and `sampler.param`.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan.sdk.sampling import (
    Decision,
    RateLimiting,
    SamplingResult,
    Situation,
    TraceIdRatio,
    always_off,
    always_on,
    threshold_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from midspan.sdk.sampling import Sampler, SamplingRequest

__all__ = ["PerOperation", "Tagged", "const", "probabilistic", "rate_limiting", "strategy_of"]

MAX_OPERATIONS: Final = 2_000
_RATE_LIMITING: Final = ("RATE_LIMITING", 1)


class Tagged:
    """Ask another sampler, and have the roots that it samples tell of it."""

    def __init__(self, sampler: Sampler, kind: str, param: float | bool) -> None:  # noqa: FBT001 - a tag's value
        self._sampler = sampler
        self._tagged = SamplingResult(
            Decision.RECORD_AND_SAMPLE, {"sampler.type": kind, "sampler.param": param}
        )

    def __call__(self, request: SamplingRequest) -> SamplingResult:
        """Decide as the other sampler does."""
        result = self._sampler(request)
        return self._tagged if result.decision and request.parent is None else result

    def threshold(self, situation: Situation) -> int | None:
        """Answer ahead where there is nothing to tell."""
        bound = threshold_of(self._sampler, situation)
        return bound if situation is not Situation.ROOT or bound == 0 else None

    def __repr__(self) -> str:
        return f"jaeger_{self._sampler!r}"


def const(on: bool) -> Tagged:  # noqa: FBT001 - the one argument of Jaeger's sampler of this name
    """Sample all or nothing."""
    return Tagged(always_on if on else always_off, "const", on)


def probabilistic(rate: float) -> Tagged:
    """Sample a share of the traces.

    Raises:
        ValueError: The rate is not from 0.0 to 1.0.
    """
    return Tagged(TraceIdRatio(rate), "probabilistic", rate)


def rate_limiting(per_second: float, clock_s: Callable[[], float]) -> Tagged:
    """Sample at most so many traces a second.

    Raises:
        ValueError: The rate is negative.
    """
    return Tagged(RateLimiting(per_second, clock_s=clock_s), "ratelimiting", per_second)


class _Guaranteed(NamedTuple):
    """One operation: a share of its traces, and at least so many a second ("guaranteed throughput")."""

    rate: float
    share: Tagged
    lower_bound: RateLimiting

    def __call__(self, request: SamplingRequest) -> SamplingResult:
        result = self.share(request)
        # Asked either way: what the share lets through counts towards the lower bound.
        is_owed = self.lower_bound.allows()
        if result.decision or not is_owed:
            return result
        tags = {"sampler.type": "lowerbound", "sampler.param": self.rate}
        return SamplingResult(Decision.RECORD_AND_SAMPLE, tags if request.parent is None else None)


class PerOperation:
    """Sample each operation (span name) at its own rate; at most 2,000, for names may be anything."""

    def __init__(
        self,
        default_rate: float,
        per_second: float,
        rates: Mapping[str, float],
        clock_s: Callable[[], float],
        previous: PerOperation | None = None,
    ) -> None:
        """Take rates, a lower bound a second for each operation, and the strategy that this one replaces.

        Raises:
            ValueError: A rate is out of its range.
        """
        self._default = probabilistic(default_rate)
        RateLimiting(per_second)  # refuses what is no rate
        self._default_rate = default_rate
        self._per_second = per_second
        self._clock_s = clock_s
        # An operation keeps what is left of its allowance: a refresh must not grant it a new burst.
        known = previous._operations if previous is not None and previous._per_second == per_second else {}
        self._operations: dict[str, _Guaranteed] = {}
        for name, rate in islice(rates.items(), MAX_OPERATIONS):
            self._operations[name] = self._guaranteed(rate, known.get(name))
        for name, operation in known.items():
            if len(self._operations) < MAX_OPERATIONS and name not in self._operations:
                self._operations[name] = self._guaranteed(default_rate, operation)

    def __call__(self, request: SamplingRequest) -> SamplingResult:
        """Ask the sampler of the operation."""
        operation = self._operations.get(request.name)
        if operation is None:
            if len(self._operations) >= MAX_OPERATIONS:
                return self._default(request)
            operation = self._operations.setdefault(request.name, self._guaranteed(self._default_rate))
        return operation(request)

    def _guaranteed(self, rate: float, known: _Guaranteed | None = None) -> _Guaranteed:
        limit = known.lower_bound if known else RateLimiting(self._per_second, clock_s=self._clock_s)
        return _Guaranteed(rate, probabilistic(rate), limit)

    def __repr__(self) -> str:
        return f"jaeger_per_operation({len(self._operations)}, {self._default!r})"


def strategy_of(answer: object, clock_s: Callable[[], float], previous: Sampler | None = None) -> Sampler:
    """Return the sampler that an agent's answer (JSON, parsed) asks for, in place of `previous`.

    Raises:
        ValueError: The answer is none that Jaeger documents.
    """
    if not isinstance(answer, dict):
        message = f"a sampling strategy is an object, not {answer!r}"
        raise ValueError(message)  # noqa: TRY004 - what is wrong is the answer, no argument of a programmer's
    if answer.get("operationSampling") is not None:
        return _per_operation(_part(answer, "operationSampling"), clock_s, previous)
    if answer.get("strategyType") in _RATE_LIMITING or "probabilisticSampling" not in answer:
        return rate_limiting(_number(_part(answer, "rateLimitingSampling"), "maxTracesPerSecond"), clock_s)
    return probabilistic(_number(_part(answer, "probabilisticSampling"), "samplingRate"))


def _per_operation(
    answer: dict[str, Any], clock_s: Callable[[], float], previous: Sampler | None
) -> PerOperation:
    rates: dict[str, float] = {}
    items = answer.get("perOperationStrategies") or []
    if not isinstance(items, list):
        message = f"strategies of operations are a list, not {items!r}"
        raise ValueError(message)  # noqa: TRY004 - as above
    for item in items:
        operation = item.get("operation") if isinstance(item, dict) else None
        if not isinstance(operation, str):
            message = f"a strategy of one operation has a name, unlike {item!r}"
            raise ValueError(message)  # noqa: TRY004 - as above
        rates[operation] = _number(_part(item, "probabilisticSampling"), "samplingRate")
    return PerOperation(
        _number(answer, "defaultSamplingProbability"),
        _number(answer, "defaultLowerBoundTracesPerSecond", 0.0),
        rates,
        clock_s,
        previous if isinstance(previous, PerOperation) else None,
    )


def _part(answer: dict[str, Any], name: str) -> dict[str, Any]:
    part = answer.get(name)
    if not isinstance(part, dict):
        message = f"a sampling strategy without {name}"
        raise ValueError(message)  # noqa: TRY004 - as above
    return part


def _number(answer: dict[str, Any], name: str, default: float | None = None) -> float:
    value = answer.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        message = f"a sampling strategy whose {name} is {value!r}"
        raise ValueError(message)  # noqa: TRY004 - as above
    return float(value)
