"""Trace context and baggage of the W3C together, as nearly everybody uses them.

What `tracecontext` and `w3c_baggage` do, written out in one go for a `dict` whose names are in lower case:
the calls and the second `Context` that are saved here are half of the whole. All that is in any way unusual
is left to the formats themselves.
"""

from __future__ import annotations

from typing import Any, Final

from midspan.context import Context
from midspan.propagation import _baggage
from midspan.propagation._carrier import all_lower
from midspan.propagation._identity import NO_STATE
from midspan.propagation.tracecontext import FLAGS_OF, KNOWN_FLAGS, is_version_0
from midspan.trace import NonRecordingSpan, SpanContext, TraceState

__all__ = ["extract", "inject"]

# Constructors spelled out: a named tuple's own takes four times as long, and __init__ is a call.
_new_context: Final = tuple.__new__
_new_span: Final = NonRecordingSpan.__new__


def extract(headers: dict[Any, Any], context: Context) -> Context | None:  # noqa: PLR0911 - each is one test
    """Return what both formats find; None if the headers are unusual."""
    header = headers.get("traceparent")
    state = headers.get("tracestate")
    baggage = headers.get("baggage")
    known = (header is not None) + (state is not None) + (baggage is not None)
    if len(headers) > known and not all_lower(headers):
        return None
    if header is None:
        return None if known else context
    if type(header) is not str or not is_version_0(header):
        return None
    trace_id = int(header[3:35], 16)
    span_id = int(header[36:52], 16)
    if not (trace_id and span_id):
        return None
    if state is None:
        state = NO_STATE
    elif type(state) is str:
        state = TraceState.parse(state)
    else:
        return None
    if baggage is not None:
        if type(baggage) is not str:
            return None
        baggage = _baggage.decode(baggage)
    span = _new_span(NonRecordingSpan)
    span._trace_id = trace_id
    span._span_id = span_id
    flags = span._flags = FLAGS_OF[header[53:]]
    span._trace_state = state
    span._context = _new_context(SpanContext, (trace_id, span_id, flags, state, True, False))
    span._views = None
    before = context.baggage
    return Context(span, {**before, **baggage} if baggage and before else baggage or before, context.values)


def inject(headers: dict[str, Any], context: Context) -> None:
    """Write what both formats write."""
    span = context.span
    if span is not None and span._trace_id and span._span_id:
        try:
            headers["traceparent"] = (
                f"00-{span._trace_id.to_bytes(16, 'big').hex()}-{span._span_id.to_bytes(8, 'big').hex()}"
                f"-0{span._flags & KNOWN_FLAGS}"
            )
        except OverflowError:  # ids that a bridge was given, and that fit no header
            pass
        else:
            state = span._trace_state
            if state is not NO_STATE:
                text = state.to_header()
                if text:
                    headers["tracestate"] = text
    baggage = context.baggage
    if baggage:
        text = _baggage.encode(baggage)
        if text:
            headers["baggage"] = text
