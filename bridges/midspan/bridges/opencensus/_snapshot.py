"""Show a native identity as an OpenCensus span context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opencensus.trace.span_context import SpanContext
from opencensus.trace.trace_options import TraceOptions
from opencensus.trace.tracestate import Tracestate

from midspan.trace import TraceFlags

if TYPE_CHECKING:
    from midspan import trace

__all__ = ["options_of", "snapshot", "tracestate_of"]

_new: Final = object.__new__


def snapshot(native: trace.Span, from_header: bool = False) -> Any:
    """Return the OpenCensus context of a native span, as it is now."""
    context = native.context
    # Without the constructor, which would match both ids against a pattern.
    shown = _new(SpanContext)
    shown.from_header = from_header
    shown.trace_id = f"{context.trace_id:032x}"
    shown.span_id = f"{context.span_id:016x}"
    shown.trace_options = options_of(context)
    shown.tracestate = tracestate_of(context)
    return shown


def options_of(context: trace.SpanContext) -> Any:
    """Return the trace options: whether the trace is sampled."""
    return TraceOptions("1" if context.trace_flags & TraceFlags.SAMPLED else "0")


def tracestate_of(context: trace.SpanContext) -> Any:
    """Return the trace state, or None; members that only newer grammars allow are left out."""
    members = Tracestate()
    for key, value in context.trace_state:
        try:
            members[key] = value
        except ValueError:
            continue
    return members or None
