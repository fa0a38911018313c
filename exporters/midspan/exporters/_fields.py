"""Read a finished span, or what looks like one, into fields that can be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan import _trouble
from midspan.exporters._plain import mended_attributes, mended_text
from midspan.trace import Event, Link, SpanContext, SpanKind, StatusCode, TraceState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["LOCAL", "REMOTE", "W3C", "Fields", "fields_of", "flags_of"]

_UINT64_BITS: Final = 64
_UINT32_BITS: Final = 32
_TRACE_ID_BITS: Final = 128
_SPAN_ID_BITS: Final = 64
# SpanFlags (trace.proto): the W3C octet; "it is known whether the context is remote"; "it is".
W3C: Final = 0xFF
LOCAL: Final = 0x100
REMOTE: Final = 0x300


class Fields(NamedTuple):
    """What OTLP says of a span, each value of exactly the type that it should have."""

    trace_id: int
    span_id: int
    flags: int
    trace_state: TraceState
    parent_id: int
    name: str
    kind: int
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Any] | None
    events: Iterable[Event] | None
    links: Iterable[Link] | None
    # Of attributes, events, links.
    dropped: Iterable[int] | None
    # Code and description.
    status: tuple[int, str]


def flags_of(trace_flags: int, context: SpanContext | None) -> int:
    """Return OTLP's flags for W3C flags, where `context` is the one that may be remote."""
    return trace_flags & W3C | (REMOTE if context is not None and context.is_remote else LOCAL)


def fields_of(span: Any) -> Fields:  # noqa: ANN401 - a span, or what looks like one
    """Return the fields of a span, each fit to be written.

    Raises:
        Exception: Whatever the span raises when it is asked for its context or for one of its fields.
    """
    context, parent = _context(span.context), span.parent
    remote = None if parent is None else _context(parent)
    return Fields(
        context.trace_id,
        context.span_id,
        flags_of(context.trace_flags, remote),
        context.trace_state,
        0 if remote is None else remote.span_id,
        mended_text(span.name),
        _one_of(SpanKind, span.kind),
        _number(span.start_ns, _UINT64_BITS),
        _number(span.end_ns, _UINT64_BITS),
        mended_attributes(span.attributes),
        [_event(event) for event in span.events],
        [_link(link) for link in span.links],
        [
            _number(getattr(span, f"dropped_{what}", 0), _UINT32_BITS)
            for what in ("attributes", "events", "links")
        ],
        (_one_of(StatusCode, span.status.code), mended_text(span.status.description)),
    )


def _number(value: Any, bits: int) -> int:  # noqa: ANN401 - an int, it should be
    """Return a number that fits; 0 stands for one that does not."""
    if isinstance(value, int) and 0 <= value < 1 << bits:
        return int(value)
    _trouble.report(
        "encoding.odd_number", "a time, an id or a count cannot be sent: %s", type(value).__name__
    )
    return 0


def _one_of(kinds: type[SpanKind | StatusCode], value: Any) -> int:  # noqa: ANN401 - a member, it should be
    """Return the number of a member; 0, which OTLP takes for "unspecified", for what is none."""
    try:
        return kinds(value).value
    except ValueError:
        _trouble.report("encoding.odd_number", f"%s is no {kinds.__name__}", value)
        return 0


def _context(context: Any) -> SpanContext:  # noqa: ANN401 - a SpanContext, or what looks like one
    state = context.trace_state
    return SpanContext(
        _number(context.trace_id, _TRACE_ID_BITS),
        _number(context.span_id, _SPAN_ID_BITS),
        _number(context.trace_flags, _UINT32_BITS),
        state if isinstance(state, TraceState) else TraceState(),
        bool(context.is_remote),
    )


def _event(event: Any) -> Event:  # noqa: ANN401 - an Event, or what looks like one
    return Event(
        mended_text(event.name),
        _number(event.timestamp_ns, _UINT64_BITS),
        mended_attributes(event.attributes),
        _number(event.dropped_attributes, _UINT32_BITS),
    )


def _link(link: Any) -> Link:  # noqa: ANN401 - a Link, or what looks like one
    dropped = _number(link.dropped_attributes, _UINT32_BITS)
    return Link(_context(link.context), mended_attributes(link.attributes), dropped)
