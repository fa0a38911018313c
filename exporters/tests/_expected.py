"""Say what a finished span should become on the wire, from its public face alone."""

from __future__ import annotations

from typing import Any

from exporters.tests._oracle import shown

__all__ = ["expected_span"]

_KNOWN = 0x100
_REMOTE = 0x200


def expected_span(span: Any) -> dict[str, Any]:
    """Return what `_oracle.shown_span` should show of a span."""
    context, parent = span.context, span.parent
    return {
        "trace_id": context.trace_id,
        "span_id": context.span_id,
        "parent_id": 0 if parent is None else parent.span_id,
        "trace_state": context.trace_state.to_header(),
        "flags": _flags(context, parent is not None and parent.is_remote),
        "name": span.name,
        "kind": int(span.kind),
        "start_ns": span.start_ns,
        "end_ns": span.end_ns,
        "attributes": _pairs(span.attributes),
        "events": [
            [event.name, event.timestamp_ns, _pairs(event.attributes), event.dropped_attributes]
            for event in span.events
        ],
        "links": [_link(link) for link in span.links],
        "dropped": [span.dropped_attributes, span.dropped_events, span.dropped_links],
        "status": (int(span.status.code), span.status.description),
    }


def _link(link: Any) -> list[Any]:
    context = link.context
    ids = [context.trace_id, context.span_id, context.trace_state.to_header()]
    return [*ids, _flags(context, context.is_remote), _pairs(link.attributes), link.dropped_attributes]


def _flags(context: Any, is_remote: bool) -> int:
    return context.trace_flags & 0xFF | _KNOWN | (_REMOTE if is_remote else 0)


def _pairs(attributes: Any) -> list[tuple[str, Any]]:
    return [(key, shown(value)) for key, value in attributes.items()]
