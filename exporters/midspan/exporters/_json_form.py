"""Write spans in the JSON form of an OTLP request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midspan import _trouble
from midspan.exporters._fields import fields_of, flags_of
from midspan.exporters._json_parts import attributes_form, grouped, line_of, without_nones

if TYPE_CHECKING:
    from collections.abc import Iterable

    from midspan.trace import Event, Link

__all__ = ["json_of_spans"]


def json_of_spans(spans: Iterable[Any]) -> str:
    """Return one line of JSON that holds finished spans, grouped by resource, then by scope.

    What cannot be sent as it is gets replaced by what can be said of it, and is counted; nothing raises.
    """
    return line_of({"resourceSpans": grouped(spans, _written, "scopeSpans", "spans")})


def _written(span: Any) -> dict[str, Any] | None:  # noqa: ANN401 - a span, or what looks like one
    try:
        return _span(span)
    except Exception as error:  # noqa: BLE001 - an object that is no span may raise anywhere
        _trouble.report("encoding.no_span", "a span of type %s is lost", type(span).__name__, error=error)
        return None


def _span(span: Any) -> dict[str, Any]:  # noqa: ANN401 - a span, or what looks like one
    fields = fields_of(span)
    parent = f"{fields.parent_id:016x}" if fields.parent_id else None
    code, description = fields.status
    status = {"code": code or None, "message": description or None}
    attributes, events, links = fields.dropped or (0, 0, 0)
    return without_nones(
        {
            "traceId": f"{fields.trace_id:032x}",
            "spanId": f"{fields.span_id:016x}",
            "traceState": fields.trace_state.to_header() or None,
            "parentSpanId": parent,
            "flags": fields.flags,
            "name": fields.name,
            "kind": fields.kind,
            "startTimeUnixNano": str(fields.start_ns),
            "endTimeUnixNano": str(fields.end_ns),
            "attributes": attributes_form(fields.attributes),
            "droppedAttributesCount": attributes or None,
            "events": [_event(event) for event in fields.events or ()] or None,
            "droppedEventsCount": events or None,
            "links": [_link(link) for link in fields.links or ()] or None,
            "droppedLinksCount": links or None,
            "status": without_nones(status),
        }
    )


def _event(event: Event) -> dict[str, Any]:
    return without_nones(
        {
            "timeUnixNano": str(event.timestamp_ns),
            "name": event.name,
            "attributes": attributes_form(event.attributes),
            "droppedAttributesCount": event.dropped_attributes or None,
        }
    )


def _link(link: Link) -> dict[str, Any]:
    context = link.context
    return without_nones(
        {
            "traceId": f"{context.trace_id:032x}",
            "spanId": f"{context.span_id:016x}",
            "traceState": context.trace_state.to_header() or None,
            "attributes": attributes_form(link.attributes),
            "droppedAttributesCount": link.dropped_attributes or None,
            "flags": flags_of(context.trace_flags, context),
        }
    )
