"""The formats that OpenCensus knows: how settings name them, and what callers send in each."""

from __future__ import annotations

from _stage import CALLER_SPAN, CALLER_TRACE

_PACKAGE = "opencensus.trace.propagation"
# As an application's settings name them.
PROPAGATORS = {
    "W3C": f"{_PACKAGE}.trace_context_http_header_format.TraceContextPropagator()",
    "B3": f"{_PACKAGE}.b3_format.B3FormatPropagator()",
    "B3 in one": f"{_PACKAGE}.b3_format.B3FormatPropagator()",
    "Google": f"{_PACKAGE}.google_cloud_format.GoogleCloudFormatPropagator()",
}
# What a caller sends who samples, and what one does who does not.
CALLERS = {
    "W3C": (
        {"traceparent": f"00-{CALLER_TRACE}-{CALLER_SPAN}-01", "tracestate": "vendor=value"},
        {"traceparent": f"00-{CALLER_TRACE}-{CALLER_SPAN}-00"},
    ),
    "B3": (
        {"X-B3-TraceId": CALLER_TRACE, "X-B3-SpanId": CALLER_SPAN, "X-B3-Sampled": "1"},
        {"X-B3-TraceId": CALLER_TRACE, "X-B3-SpanId": CALLER_SPAN, "X-B3-Sampled": "0"},
    ),
    "B3 in one": (
        {"b3": f"{CALLER_TRACE}-{CALLER_SPAN}-1"},
        {"b3": f"{CALLER_TRACE}-{CALLER_SPAN}-0"},
    ),
    "Google": (
        {"X-Cloud-Trace-Context": f"{CALLER_TRACE}/{int(CALLER_SPAN, 16)};o=1"},
        {"X-Cloud-Trace-Context": f"{CALLER_TRACE}/{int(CALLER_SPAN, 16)};o=0"},
    ),
}
