"""Turn native values into OpenCensus's: the rules, as total functions without effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opencensus.trace import span_data as oc_span_data
from opencensus.trace.attributes import Attributes
from opencensus.trace.link import Link
from opencensus.trace.span import SpanKind as OCKind
from opencensus.trace.status import Status
from opencensus.trace.time_event import Annotation, MessageEvent

from midspan import _trouble
from midspan.bridges.opencensus import _convert
from midspan.bridges.opencensus._snapshot import snapshot
from midspan.trace import SpanKind, StatusCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from midspan import trace

__all__ = ["annotation", "attributes", "is_message", "kind", "link", "message_event", "span_data", "status"]

_KINDS: Final = {SpanKind.SERVER: OCKind.SERVER, SpanKind.CLIENT: OCKind.CLIENT}
# google/rpc/code.proto
_UNKNOWN: Final = 2
_PLAIN: Final = frozenset({bool, int, float, str})
_MESSAGE_TYPES: Final = {name: code for code, name in _convert.MESSAGE_TYPES.items()}
_LINK_TYPES: Final = {name: code for code, name in _convert.LINK_TYPES.items()}


def span_data(span: trace.Span) -> Any:
    """Return a finished native span as the `SpanData` that OpenCensus's exporters take."""
    events = span.events
    given = dict(span.attributes)
    given.pop(_convert.CODE, None)
    return oc_span_data.SpanData(
        name=span.name,
        context=snapshot(span),
        span_id=f"{span.context.span_id:016x}",
        parent_span_id=None if span.parent is None else f"{span.parent.span_id:016x}",
        attributes=attributes(given),
        start_time=_convert.to_iso(span.start_ns),
        end_time=_convert.to_iso(span.start_ns if span.end_ns is None else span.end_ns),
        # A native span does not know its children.
        child_span_count=0,
        stack_trace=None,
        annotations=[annotation(event) for event in events if not is_message(event)],
        message_events=[message_event(event) for event in events if is_message(event)],
        links=[link(each) for each in span.links],
        status=status(span),
        same_process_as_parent_span=None if span.parent is None else not span.parent.is_remote,
        span_kind=kind(span.kind),
    )


def kind(native: SpanKind) -> int:
    """Return OpenCensus's kind; it knows servers and clients."""
    code: int = _KINDS.get(native, OCKind.UNSPECIFIED)
    return code


def attributes(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes with values that OpenCensus's exporters know; others become text."""
    return {
        key: value if type(value) in _PLAIN else _trouble.safe_str(value)
        for key, value in given.items()
        if value is not None
    }


def status(span: trace.Span) -> Any:
    """Return OpenCensus's status; the code of an error is the one it came with, if it came from there."""
    code, description = span.status
    if code is not StatusCode.ERROR:
        return Status.as_ok()
    canonical = span.attributes.get(_convert.CODE, _UNKNOWN)
    return Status(canonical if type(canonical) is int else _UNKNOWN, message=description or None)


def is_message(event: trace.Event) -> bool:
    """Say whether an event is a message of a call."""
    return event.name == _convert.MESSAGE and "message.type" in event.attributes


def annotation(event: trace.Event) -> Any:
    """Return the annotation for an event."""
    return Annotation(
        _convert.moment(event.timestamp_ns), event.name, Attributes(attributes(event.attributes))
    )


def message_event(event: trace.Event) -> Any:
    """Return the message event for an event that is one."""
    facts = event.attributes
    return MessageEvent(
        _convert.moment(event.timestamp_ns),
        facts.get("message.id"),
        type=_MESSAGE_TYPES.get(facts["message.type"], 0),
        uncompressed_size_bytes=facts.get("message.uncompressed_size"),
        compressed_size_bytes=facts.get("message.compressed_size"),
    )


def link(native: trace.Link) -> Any:
    """Return OpenCensus's link."""
    given = dict(native.attributes)
    relation = _LINK_TYPES.get(given.pop(_convert.LINK_TYPE, None), 0)
    context = native.context
    return Link(f"{context.trace_id:032x}", f"{context.span_id:016x}", relation, attributes(given) or None)
