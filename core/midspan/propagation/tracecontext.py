"""W3C Trace Context, Level 2: `traceparent` and `tracestate`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from midspan.propagation._carrier import only, several
from midspan.propagation._format import Format
from midspan.propagation._identity import NO_STATE
from midspan.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState

if TYPE_CHECKING:
    from midspan.context import Context
    from midspan.propagation._carrier import Headers

__all__ = ["FLAGS_OF", "KNOWN_FLAGS", "TraceContext", "is_version_0"]

KNOWN_FLAGS: Final = TraceFlags.SAMPLED | TraceFlags.RANDOM
# By the last digit, which holds all the flags that are known; a look-up is cheaper than int().
FLAGS_OF: Final = {digit: int(digit, 16) & KNOWN_FLAGS for digit in "0123456789abcdef"}
_MAX_CHARS: Final = 512
# What TraceState looks at.
_MAX_STATE_CHARS: Final = 32_768

# int() would take signs, underscores, spaces and capitals as well, so the form is checked first.
is_version_0: Final = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}").fullmatch
# A version to come may append fields after a dash (section 4.3); "ff" will never be one.
_is_later_version: Final = re.compile(
    r"(?!00|ff)[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?", re.DOTALL
).fullmatch


class TraceContext(Format):
    """Carries ids, the sampled and the random flag, and tracestate; no baggage, no debug flag."""

    __slots__ = ()

    fields = ("traceparent", "tracestate")

    def _inject(self, headers: Headers, context: Context) -> None:
        span = context.span
        if span is None:
            return
        trace_id = span._trace_id
        span_id = span._span_id
        if not (trace_id and span_id):
            return
        try:
            headers["traceparent"] = (
                f"00-{trace_id.to_bytes(16, 'big').hex()}-{span_id.to_bytes(8, 'big').hex()}"
                f"-0{span._flags & KNOWN_FLAGS}"
            )
        except OverflowError:  # ids that a bridge was given, and that fit no header
            return
        if span._trace_state is not NO_STATE:
            text = span._trace_state.to_header()
            if text:
                headers["tracestate"] = text

    def _extract(self, headers: Headers, found: Context) -> bool:
        header = headers.get("traceparent")
        if header is None:
            return False
        if type(header) is not str or not is_version_0(header):
            header = only(headers, "traceparent", _MAX_CHARS)
            if header is None or not (is_version_0(header) or _is_later_version(header)):
                return False
        trace_id = int(header[3:35], 16)
        span_id = int(header[36:52], 16)
        if not (trace_id and span_id):
            return False
        flags = FLAGS_OF[header[54]]
        members = several(headers, "tracestate", _MAX_STATE_CHARS)
        state = TraceState.parse(members) if members else NO_STATE
        found.span = NonRecordingSpan(SpanContext(trace_id, span_id, flags, state, is_remote=True))
        return True
