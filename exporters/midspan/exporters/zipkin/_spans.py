"""Write the spans of a batch one by one, so that one which is odd costs itself and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from midspan import _trouble
from midspan.exporters._fields import fields_of
from midspan.exporters.zipkin._model import Origins, ZipkinSpan, zipkin_span
from midspan.trace import SpanContext, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from midspan.trace import Event

__all__ = ["written"]


class _Mended(NamedTuple):
    """A span each of whose fields is fit to be sent."""

    context: SpanContext
    parent: SpanContext | None
    name: str
    kind: int
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Any]
    events: Iterable[Event]
    status: Status
    dropped_attributes: int
    dropped_events: int
    dropped_links: int
    resource: Any
    scope: Any


def written(spans: Iterable[Any], write: Callable[[ZipkinSpan], bytes]) -> list[bytes]:
    """Return what `write` makes of each span.

    One that holds something odd makes the straight way raise. It is mended, counted, and written again;
    what has no identity to send is left out.
    """
    origins, bodies = Origins(), []
    for span in spans:
        try:
            bodies.append(write(zipkin_span(span, origins)))
        except Exception:  # noqa: BLE001 - whatever is odd about it, it is mended or left out
            bodies += _mended_body(span, origins, write)
    return bodies


def _mended_body(span: Any, origins: Origins, write: Callable[[ZipkinSpan], bytes]) -> list[bytes]:  # noqa: ANN401 - a span, or what looks like one
    try:
        return [write(zipkin_span(_mended(span), origins))]
    except Exception as error:  # noqa: BLE001 - an object that is no span may raise anywhere
        _trouble.report("zipkin.no_span", "a span of type %s is lost", type(span).__name__, error=error)
        return []


def _mended(span: Any) -> _Mended:  # noqa: ANN401 - as above
    fields = fields_of(span)
    is_debug = bool(getattr(span.context, "is_debug", False))
    attributes, events, links = fields.dropped or (0, 0, 0)
    return _Mended(
        SpanContext(fields.trace_id, fields.span_id, is_debug=is_debug),
        SpanContext(fields.trace_id, fields.parent_id) if fields.parent_id else None,
        fields.name,
        fields.kind,
        fields.start_ns,
        fields.end_ns,
        fields.attributes or {},
        fields.events or (),
        Status(*fields.status),  # type: ignore[arg-type] # the number of a code, which is as good here
        attributes,
        events,
        links,
        getattr(span, "resource", None),
        getattr(span, "scope", None),
    )
