"""Read a finished span, or what looks like one, into something that looks like a span and can be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from midspan.exporters._fields import REMOTE, fields_of
from midspan.trace import SpanContext, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from midspan.trace import Event, Link

__all__ = ["MendedSpan", "mended_span"]


class MendedSpan(NamedTuple):
    """A span each of whose fields is fit to be sent; numbers stand for its kind and for its status's code."""

    context: SpanContext
    parent: SpanContext | None
    name: str
    kind: int
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Any]
    events: Iterable[Event]
    links: Iterable[Link]
    status: Status
    dropped_attributes: int
    dropped_events: int
    dropped_links: int
    resource: Any
    scope: Any


def mended_span(span: Any) -> MendedSpan:  # noqa: ANN401 - a span, or what looks like one
    """Return a span whose every field is fit to be sent; what was odd about it is counted.

    Raises:
        Exception: Whatever the span raises when it is asked for its context or for one of its fields.
    """
    fields = fields_of(span)
    is_debug = bool(getattr(span.context, "is_debug", False))
    is_remote = fields.flags & REMOTE == REMOTE
    attributes, events, links = fields.dropped or (0, 0, 0)
    return MendedSpan(
        SpanContext(fields.trace_id, fields.span_id, 0, fields.trace_state, is_debug=is_debug),
        SpanContext(fields.trace_id, fields.parent_id, is_remote=is_remote) if fields.parent_id else None,
        fields.name,
        fields.kind,
        fields.start_ns,
        fields.end_ns,
        fields.attributes or {},
        fields.events or (),
        fields.links or (),
        Status(*fields.status),  # type: ignore[arg-type] # the number of a code, which is as good here
        attributes,
        events,
        links,
        getattr(span, "resource", None),
        getattr(span, "scope", None),
    )
