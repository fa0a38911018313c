"""Trace context and baggage of the W3C together, as nearly everybody uses them.

What `tracecontext` and `w3c_baggage` do, written out in one go for a `dict` whose names are in lower case:
the calls and the second `Context` that are saved here are half of the whole. All that is in any way unusual
is left to the formats themselves.
"""

from __future__ import annotations

from typing import Any, Final

from midspan.context import Context
from midspan.propagation._baggage import Received, decode, encode
from midspan.propagation._carrier import all_lower
from midspan.propagation._identity import NO_STATE
from midspan.propagation.tracecontext import KNOWN_FLAGS, is_version_0
from midspan.trace import SpanContext
from midspan.trace._nonrecording import RemoteSpan
from midspan.trace._tracestate import ReceivedState

__all__ = ["extract", "inject"]

# A named tuple's own constructor takes four times as long.
_new_tuple: Final = tuple.__new__
_LOWER_64: Final = (1 << 64) - 1


class _Found(Context):
    """A context that is filled slot by slot."""

    __slots__ = ()

    __init__ = object.__init__


def extract(headers: dict[Any, Any], context: Context) -> Context | None:
    """Return what both formats find; None if the headers are unusual, a TypeError if a value is no text."""
    header = headers.get("traceparent")
    state = headers.get("tracestate")
    baggage = headers.get("baggage")
    if (state is None or baggage is None) and not all_lower(headers):
        return None
    if header is None:
        return None if baggage else context
    if not is_version_0(header):
        return None
    # All four fields in one number (32, 16 and 2 digits after the version's zeros): two calls of int() and
    # two slices cost more than the shifts.
    number = int(header.replace("-", "_"), 16)
    trace_id = number >> 72
    span_id = number >> 8 & _LOWER_64
    if not (trace_id and span_id):
        return None
    if state is None:
        trace_state = NO_STATE
    elif type(state) is str:
        trace_state = ReceivedState()  # as TraceState.parse
        trace_state._received = state
        trace_state._header = trace_state._pairs = None
    else:
        return None
    span = RemoteSpan()
    span._trace_id = trace_id
    span._span_id = span_id
    flags = span._flags = number & KNOWN_FLAGS
    span._trace_state = trace_state
    span._context = _new_tuple(SpanContext, (trace_id, span_id, flags, trace_state, True, False))
    span._views = None
    found: Context = _Found()
    found.span = span
    found.values = context.values
    found._left_for = None
    if baggage is None:
        found.baggage = context.baggage
    else:
        received = decode(baggage)
        found.baggage = {**context.baggage, **received} if context.baggage else received
    return found


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
                text = state._header or state.to_header()
                if text:
                    headers["tracestate"] = text
    baggage = context.baggage
    if baggage:
        text = baggage.header if type(baggage) is Received else encode(baggage)
        if text:
            headers["baggage"] = text
