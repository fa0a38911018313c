"""Read spans back from the JSON form of OTLP requests.

What is read was written by another process, so nothing is taken for granted: a field that is missing has its
default, a span that cannot be read is left out and counted, and nothing raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from midspan.exporters._json_parse import (
    Signal,
    attributes_in,
    id_in,
    int_in,
    items_in,
    list_in,
    object_in,
    time_in,
)
from midspan.trace import (
    Event,
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceState,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from midspan.resource import Resource
    from midspan.trace import InstrumentationScope

__all__ = ["SpanRecord", "read"]

# SpanFlags (trace.proto).
_W3C: Final = 0xFF
_REMOTE: Final = 0x200
_SPANS: Final = Signal("resourceSpans", "scopeSpans", "spans", "span")


@dataclass(frozen=True, slots=True)
class SpanRecord:
    """A finished span as it was read: what an exporter may ask of a span, it may ask of this."""

    name: str
    context: SpanContext
    parent: SpanContext | None
    kind: SpanKind
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Any]
    events: Sequence[Event]
    links: Sequence[Link]
    status: Status
    resource: Resource
    scope: InstrumentationScope
    dropped_attributes: int = 0
    dropped_events: int = 0
    dropped_links: int = 0


def read(documents: Iterable[str | bytes | Mapping[str, Any]]) -> Iterator[SpanRecord]:
    """Yield the spans of OTLP/JSON requests, given as lines of a file or parsed.

    Lines that are empty or hold metrics are passed over.

    >>> list(read(['{"resourceSpans": []}', ""]))
    []
    """
    return items_in(documents, _SPANS, _span)


def _span(fields: Mapping[str, Any], resource: Resource, scope: InstrumentationScope) -> SpanRecord:
    flags = int_in(fields.get("flags"))
    context = _context(fields, flags & _W3C, remote=False)
    parent_id = id_in(fields.get("parentSpanId"))
    remote = bool(flags & _REMOTE)
    status = object_in(fields.get("status", {}))
    return SpanRecord(
        name=str(fields.get("name", "")),
        context=context,
        parent=SpanContext(context.trace_id, parent_id, is_remote=remote) if parent_id else None,
        kind=SpanKind(int_in(fields.get("kind")) or SpanKind.INTERNAL),
        start_ns=time_in(fields.get("startTimeUnixNano")),
        end_ns=time_in(fields.get("endTimeUnixNano")),
        attributes=attributes_in(fields),
        events=[_event(object_in(event)) for event in list_in(fields, "events")],
        links=[_link(object_in(link)) for link in list_in(fields, "links")],
        status=Status(StatusCode(int_in(status.get("code"))), str(status.get("message", ""))),
        resource=resource,
        scope=scope,
        dropped_attributes=int_in(fields.get("droppedAttributesCount")),
        dropped_events=int_in(fields.get("droppedEventsCount")),
        dropped_links=int_in(fields.get("droppedLinksCount")),
    )


def _context(fields: Mapping[str, Any], trace_flags: int, *, remote: bool) -> SpanContext:
    state = TraceState.parse(str(fields.get("traceState", "")))
    return SpanContext(id_in(fields.get("traceId")), id_in(fields.get("spanId")), trace_flags, state, remote)


def _event(fields: Mapping[str, Any]) -> Event:
    at_ns = time_in(fields.get("timeUnixNano"))
    return Event(
        str(fields.get("name", "")),
        at_ns,
        attributes_in(fields),
        int_in(fields.get("droppedAttributesCount")),
    )


def _link(fields: Mapping[str, Any]) -> Link:
    flags = int_in(fields.get("flags"))
    context = _context(fields, flags & _W3C, remote=bool(flags & _REMOTE))
    return Link(context, attributes_in(fields), int_in(fields.get("droppedAttributesCount")))
