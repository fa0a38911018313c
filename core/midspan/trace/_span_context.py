"""The identity of a span, as it crosses processes."""

from __future__ import annotations

from midspan._record import NamedTuple
from midspan.trace._tracestate import EMPTY, TraceState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = ["INVALID", "SpanContext", "TraceFlags"]

# As names: the compiler does not fold a number of over 128 bits.
_TRACE_IDS: Final = 1 << 128
_SPAN_IDS: Final = 1 << 64


class TraceFlags:
    """The bits of `SpanContext.trace_flags` (W3C Trace Context Level 2, section 3.2.2.5)."""

    NONE: Final = 0x00
    SAMPLED: Final = 0x01
    # The trace id was made at random in its lower 56 bits.
    RANDOM: Final = 0x02
    # Not of the W3C, above its octet and never on its wire: the caller left the decision about sampling to
    # us, as B3, X-Ray, Google Cloud and Datadog let it.
    DEFERRED: Final = 0x400


class SpanContext(NamedTuple):
    """The immutable, propagated part of a span."""

    trace_id: int
    span_id: int
    trace_flags: int = TraceFlags.NONE
    trace_state: TraceState = EMPTY
    is_remote: bool = False
    # Recording was demanded by whoever began the trace (B3's "d", Jaeger's debug flag): propagators of
    # formats that know such a flag send it on.
    is_debug: bool = False

    @property
    def is_valid(self) -> bool:
        """Say whether both ids are present and fit their width."""
        return 0 < self.trace_id < _TRACE_IDS and 0 < self.span_id < _SPAN_IDS

    @property
    def is_sampled(self) -> bool:
        """Say whether the caller recorded the trace."""
        return bool(self.trace_flags & TraceFlags.SAMPLED)

    def __repr__(self) -> str:
        remote = ", remote" if self.is_remote else ""
        debug = ", debug" if self.is_debug else ""
        return f"SpanContext({self.trace_id:032x}-{self.span_id:016x}-{self.trace_flags:02x}{remote}{debug})"


INVALID: Final = SpanContext(0, 0)
