"""Decide which spans are recorded: a sampler is one function from a request to a result.

>>> from midspan.sdk import sampling
>>> def only_errors_of_shop(request):
...     return sampling.SAMPLE if request.name.startswith("shop.") else sampling.DROP
"""

from __future__ import annotations

import enum
import time
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from midspan import _trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from midspan.context import Context
    from midspan.trace import Link, SpanContext, SpanKind, TraceState

__all__ = [
    "ALWAYS",
    "DROP",
    "RECORD",
    "SAMPLE",
    "AlwaysRecord",
    "Decision",
    "ParentBased",
    "RateLimiting",
    "Rule",
    "Rules",
    "Sampler",
    "SamplingRequest",
    "SamplingResult",
    "Situation",
    "TraceIdRatio",
    "always_off",
    "always_on",
    "close",
    "threshold_of",
]


class Decision(enum.IntEnum):
    """What becomes of a span."""

    DROP = 0
    # Recorded and shown to processors, but neither exported nor announced as sampled.
    RECORD_ONLY = 1
    RECORD_AND_SAMPLE = 2


class SamplingRequest(NamedTuple):
    """What is known about a span when it starts."""

    context: Context
    parent: SpanContext | None
    trace_id: int
    name: str
    kind: SpanKind
    attributes: Mapping[str, Any]
    links: Sequence[Link]


class SamplingResult(NamedTuple):
    """A decision, attributes to add to the span, and a trace state to replace the parent's."""

    decision: Decision
    attributes: Mapping[str, Any] | None = None
    trace_state: TraceState | None = None


Sampler: TypeAlias = Callable[[SamplingRequest], SamplingResult]

DROP: Final = SamplingResult(Decision.DROP)
RECORD: Final = SamplingResult(Decision.RECORD_ONLY)
SAMPLE: Final = SamplingResult(Decision.RECORD_AND_SAMPLE)


class Situation(enum.IntEnum):
    """Which parent a span has: all that many samplers look at, so that their answer can be known ahead."""

    ROOT = 0
    LOCAL_UNSAMPLED = 1
    LOCAL_SAMPLED = 2
    REMOTE_UNSAMPLED = 3
    REMOTE_SAMPLED = 4

    @classmethod
    def of(cls, parent: SpanContext | None) -> Situation:
        """Classify a parent."""
        if parent is None or not parent.is_valid:
            return cls.ROOT
        return cls(1 + parent.is_sampled + 2 * parent.is_remote)


# A threshold above every trace id.
ALWAYS: Final = 1 << 64
_LOWER_64: Final = ALWAYS - 1


def threshold_of(sampler: Sampler, situation: Situation) -> int | None:
    """Return below which number the lower 64 bits of a trace id must be to be sampled in a situation.

    None: the sampler wants to be asked each time. A sampler that decides by the trace id alone says so with
    a method `threshold(situation)`; such a span starts two to three times as fast.
    """
    threshold = getattr(sampler, "threshold", None)
    try:
        bound: int | None = threshold(situation) if callable(threshold) else None
    except Exception as error:  # noqa: BLE001 - the application's own, and perhaps not meant for us
        _trouble.report("sampler.raised", "threshold() of a sampler raised; it is asked instead", error=error)
        return None
    if type(bound) is not int:
        return None
    # One object for "always", so that the hot path need not compare numbers.
    return min(ALWAYS, bound)


def close(sampler: Sampler) -> None:
    """Close a sampler that holds something open, as one that asks a server does."""
    function = getattr(sampler, "close", None)
    if callable(function):
        function()


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
        return SAMPLE if request.trace_id & _LOWER_64 < self._bound else DROP

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


class Rule(NamedTuple):
    """Match spans by name (a shell pattern), kind and attributes (each a value or a shell pattern)."""

    sampler: Sampler
    name: str | None = None
    kind: SpanKind | None = None
    attributes: Mapping[str, Any] | None = None

    def matches(self, request: SamplingRequest) -> bool:
        """Say whether everything that the rule asks for is so."""
        if self.name is not None and not fnmatchcase(request.name, self.name):
            return False
        if self.kind is not None and request.kind is not self.kind:
            return False
        return all(
            _is_like(request.attributes.get(key), wanted) for key, wanted in (self.attributes or {}).items()
        )


def _is_like(value: object, wanted: object) -> bool:
    if isinstance(value, str) and isinstance(wanted, str):
        return fnmatchcase(value, wanted)
    return value is not None and value == wanted


class Rules:
    """Ask the sampler of the first rule that matches, else `default`."""

    def __init__(self, rules: Iterable[Rule], default: Sampler) -> None:
        self._rules = tuple(rules)
        self._default = default

    def __call__(self, request: SamplingRequest) -> SamplingResult:
        """Ask the sampler of the first rule that matches."""
        for rule in self._rules:
            if rule.matches(request):
                return rule.sampler(request)
        return self._default(request)

    def close(self) -> None:
        """Close its samplers."""
        for sampler in (*(rule.sampler for rule in self._rules), self._default):
            close(sampler)

    def __repr__(self) -> str:
        return f"rules({len(self._rules)}, {self._default!r})"


class AlwaysRecord:
    """Record what another sampler would drop, for processors that count or watch; it is not exported."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def __call__(self, request: SamplingRequest) -> SamplingResult:
        """Ask the other sampler, and turn a no into "record only"."""
        result = self._sampler(request)
        return result if result.decision else result._replace(decision=Decision.RECORD_ONLY)

    def close(self) -> None:
        """Close the other sampler."""
        close(self._sampler)

    def __repr__(self) -> str:
        return f"always_record({self._sampler!r})"
