"""What a sampler is asked, what it may answer, and how its answer can be known ahead."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from midspan import _trouble

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from midspan.context import Context
    from midspan.trace import Link, SpanContext, SpanKind, TraceState

__all__ = [
    "ALWAYS",
    "DROP",
    "LOWER_64",
    "RECORD",
    "SAMPLE",
    "Decision",
    "Sampler",
    "SamplingRequest",
    "SamplingResult",
    "Situation",
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
LOWER_64: Final = ALWAYS - 1


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
