"""Record what happens: spans, their context, and the verbs to start them.

>>> from midspan import trace
>>> tracer = trace.get_tracer("shop.checkout", "1.2.0")
>>> with tracer.start_as_current_span("charge", kind=trace.SpanKind.CLIENT) as span:
...     span.set_attribute("cart.items", 3)
"""

from __future__ import annotations

from midspan.trace._attributes import Attributes, AttributeValue
from midspan.trace._current import CURRENT, get_current_span, is_suppressed, suppressed, use_span
from midspan.trace._limits import SpanLimits
from midspan.trace._nonrecording import NOOP_SPAN, NonRecordingSpan
from midspan.trace._span import Span
from midspan.trace._span_context import INVALID, SpanContext, TraceFlags
from midspan.trace._tracer import SpanScope, Tracer, get_tracer
from midspan.trace._tracestate import TraceState
from midspan.trace._values import Event, InstrumentationScope, Link, SpanKind, Status, StatusCode

__all__ = [
    "CURRENT",
    "INVALID",
    "NOOP_SPAN",
    "AttributeValue",
    "Attributes",
    "Event",
    "InstrumentationScope",
    "Link",
    "NonRecordingSpan",
    "Span",
    "SpanContext",
    "SpanKind",
    "SpanLimits",
    "SpanScope",
    "Status",
    "StatusCode",
    "TraceFlags",
    "TraceState",
    "Tracer",
    "get_current_span",
    "get_tracer",
    "is_suppressed",
    "suppressed",
    "use_span",
]
