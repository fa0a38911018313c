"""Write one OpenCensus `Span` (trace.proto).

What OpenCensus has no field for is said in attributes, under the names that OpenTelemetry's Collector gives
to it when it translates to OpenCensus, and that it understands when it translates back:

| native | OpenCensus |
|---|---|
| kind server, client | `kind` |
| kind internal, producer, consumer | no `kind`, and the attribute `span.kind` |
| status not set | no `status` |
| status OK | `status` with the code 0, and the attribute `otel.status_code` with OTLP's number for it, 1 |
| status ERROR | `status` with the attribute `opencensus.status_code` as its code, else 2 (UNKNOWN) |
| parent in this process, elsewhere | `same_process_as_parent_span` is true, false; a root says nothing |
| scope | the attributes `otel.scope.name`, `otel.scope.version`; its own where the span has none so named |
| a list or a map; bytes; None | a text: JSON; base64; nothing |
| how many children there were | nothing: a native span does not know |
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from midspan import _trouble
from midspan.exporters._plain import mended_attributes, mended_text
from midspan.exporters._wire import delimited, varint
from midspan.exporters.opencensus_agent._events import links_field, stack_field, time_events_field
from midspan.exporters.opencensus_agent._values import (
    attributes_field,
    text_field,
    time_field,
    trace_state_field,
)
from midspan.trace import SpanKind, StatusCode

__all__ = ["Scope", "scope_of", "span_message"]

# The field "kind", or what the attribute says in its place. A kind that nobody knows says nothing.
_KINDS: Final[dict[int, tuple[bytes, str]]] = {
    0: (b"", ""),
    SpanKind.INTERNAL: (b"", "internal"),
    SpanKind.SERVER: (b"\x70\x01", ""),
    SpanKind.CLIENT: (b"\x70\x02", ""),
    SpanKind.PRODUCER: (b"", "producer"),
    SpanKind.CONSUMER: (b"", "consumer"),
}
_KIND: Final = "span.kind"
_STATUS: Final = "otel.status_code"
# google/rpc/code.proto
_CODE: Final = "opencensus.status_code"
_UNKNOWN: Final = 2
_INT32: Final = 1 << 31


class Scope(NamedTuple):
    """What is said of a scope: attributes that a span's own may replace, and attributes that they may not."""

    weak: dict[str, Any]
    strong: dict[str, Any]


def scope_of(scope: Any) -> Scope:  # noqa: ANN401 - an InstrumentationScope, or what looks like one
    """Return what is said of a scope, whatever it is."""
    try:
        said = {f"otel.scope.{what}": getattr(scope, what, "") for what in ("name", "version")}
        strong = {key: mended_text(text) for key, text in said.items() if text}
        return Scope(mended_attributes(dict(getattr(scope, "attributes", ()))), strong)
    except Exception as error:  # noqa: BLE001 - one that is not ours may raise anywhere
        _trouble.report("encoding.odd_origin", "%s cannot be told", type(scope).__name__, error=error)
        return Scope({}, {})


def span_message(span: Any, scope: Scope) -> bytes:  # noqa: ANN401 - a span, or what looks like one
    """Return the message without its resource.

    trace_id = 1, span_id = 2, parent_span_id = 3, name = 4, start_time = 5, end_time = 6, attributes = 7,
    stack_trace = 8, time_events = 9, links = 10, status = 11, same_process_as_parent_span = 12, kind = 14,
    tracestate = 15.

    Raises:
        Exception: There is something odd about the span.
    """
    context, events = span.context, list(span.events)
    if not context.is_valid:
        raise ValueError("no ids")
    kind, kind_text = _KINDS[span.kind]
    attributes, status = _attributes_and_status(span, scope)
    if kind_text:
        attributes[_KIND] = kind_text
    return b"".join(
        [
            b"\x0a\x10" + context.trace_id.to_bytes(16, "big"),
            b"\x12\x08" + context.span_id.to_bytes(8, "big"),
            _parent(span.parent),
            text_field(b"\x22", span.name),
            time_field(b"\x2a", span.start_ns),
            time_field(b"\x32", span.end_ns),
            attributes_field(b"\x3a", attributes, span.dropped_attributes),
            stack_field(b"\x42", events),
            time_events_field(b"\x4a", events, span.dropped_events),
            links_field(b"\x52", span.links, span.dropped_links),
            status,
            kind,
            trace_state_field(b"\x7a", context.trace_state),
        ]
    )


def _parent(parent: Any) -> bytes:  # noqa: ANN401 - a SpanContext, or what looks like one, or None
    """Return parent_span_id and same_process_as_parent_span, a `BoolValue` (wrappers.proto: value = 1)."""
    if parent is None:
        return b""
    if not parent.is_valid:
        raise ValueError("a parent without ids")
    same_process = b"\x62\x00" if parent.is_remote else b"\x62\x02\x08\x01"
    span_id: bytes = parent.span_id.to_bytes(8, "big")
    return b"\x1a\x08" + span_id + same_process


def _attributes_and_status(span: Any, scope: Scope) -> tuple[dict[str, Any], bytes]:  # noqa: ANN401 - as above
    """Return all attributes, ours among them, and the field of a `Status` (code = 1, message = 2)."""
    attributes = {**scope.weak, **span.attributes, **scope.strong}
    code, description = span.status
    if code == StatusCode.UNSET:
        return attributes, b""
    # The Collector takes it for the status, whoever has set it.
    attributes.pop(_STATUS, None)
    message = delimited(b"\x12", description.encode()) if description else b""
    if code == StatusCode.ERROR:
        message += b"\x08" + varint(_canonical(attributes))
    elif code == StatusCode.OK:
        attributes[_STATUS] = int(StatusCode.OK)
    else:
        raise ValueError("a status that is none")
    return attributes, delimited(b"\x5a", message)


def _canonical(attributes: dict[str, Any]) -> int:
    """Take the code with which an error came from OpenCensus out of the attributes."""
    code = attributes.get(_CODE)
    if type(code) is not int or not 0 < code < _INT32:
        return _UNKNOWN
    del attributes[_CODE]
    return code
