"""Turn spans and resources into Jaeger's structures, by OpenTelemetry's rules.

The specification is "OpenTelemetry to Jaeger Transformation", and for what that leaves open "OpenTelemetry
Transformation to non-OTLP Formats". What neither speaks of is said as OpenTelemetry's Collector says it: the
trace state is the tag `w3c.tracestate`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan.exporters._plain import mended_attributes, mended_text
from midspan.exporters.jaeger._structures import CHILD_OF, FOLLOWS_FROM, Log, Process, Span, SpanRef
from midspan.exporters.jaeger._tags import tags_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from midspan.exporters._fields import Fields
    from midspan.trace import Event, Link

__all__ = ["process_of", "scope_of", "span_of"]

_UINT64: Final = 1 << 64
_LOW: Final = _UINT64 - 1
_INT64: Final = 1 << 63
_SAMPLED: Final = 1
_DEBUG: Final = 2
# By the numbers of `SpanKind`; an internal span says nothing.
_KINDS: Final = {2: "server", 3: "client", 4: "producer", 5: "consumer"}
# By the numbers of `StatusCode`.
_STATUSES: Final = {1: "OK", 2: "ERROR"}
_ERROR: Final = 2
# What OpenTracing calls a reference's type stands here (semantic conventions, "OpenTracing Compatibility").
_REF_TYPE: Final = "opentracing.ref_type"
_DROPPED: Final = tuple(f"otel.dropped_{what}_count" for what in ("attributes", "events", "links"))
_DROPPED_OF_EVENT: Final = "otel.event.dropped_attributes_count"


class Scope(NamedTuple):
    """What tags say of a scope: a span may have attributes of its own in place of the scope's."""

    name: str
    version: str
    attributes: Mapping[str, Any]


def scope_of(scope: Any) -> Scope:  # noqa: ANN401 - an InstrumentationScope, or what looks like one
    """Return what tags say of a scope, whatever it is."""
    attributes = getattr(scope, "attributes", None)
    return Scope(
        mended_text(getattr(scope, "name", "")),
        mended_text(getattr(scope, "version", "")),
        mended_attributes(dict(attributes)) if attributes else {},
    )


def span_of(fields: Fields, scope: Scope, *, is_debug: bool) -> Span:
    """Return the structure of a span that was made in a scope.

    Raises:
        Exception: Something in the fields is not of the type that it should have.
    """
    trace_id = fields.trace_id
    return Span(
        _signed(trace_id & _LOW),
        _signed(trace_id >> 64),
        _signed(fields.span_id),
        _signed(fields.parent_id),
        fields.name,
        [_reference(link) for link in fields.links or ()] or None,
        fields.flags & _SAMPLED | (_DEBUG if is_debug else 0),
        fields.start_ns // 1000,
        max(fields.end_ns - fields.start_ns, 0) // 1000,
        tags_of({**scope.attributes, **(fields.attributes or {}), **_facts(fields, scope)}) or None,
        [*_logs(fields.events or ()), *_logs_of_links(fields)] or None,
    )


def process_of(resource: Any) -> Process:  # noqa: ANN401 - a Resource, or what looks like one
    """Return the structure of a process; whatever its attributes are, it can be written."""
    attributes = mended_attributes(getattr(resource, "attributes", None))
    name = attributes.pop("service.name", "unknown_service")
    return Process(mended_text(name), tags_of(attributes) or None)


def _signed(number: int) -> int:
    """Return the number that the same 64 bits mean where the first is a sign."""
    if not 0 <= number < _UINT64:
        raise OverflowError(number)
    return number if number < _INT64 else number - _UINT64


def _facts(fields: Fields, scope: Scope) -> dict[str, Any]:
    """Return what Jaeger has no field for, under the names that OpenTelemetry gave to it."""
    code, description = fields.status
    facts: dict[str, Any] = {
        "span.kind": _KINDS.get(fields.kind),
        "otel.status_code": _STATUSES.get(code),
        "otel.status_description": description or None,
        "error": True if code == _ERROR else None,
        "otel.scope.name": scope.name or None,
        "otel.scope.version": scope.version or None,
        "w3c.tracestate": fields.trace_state.to_header() or None,
    }
    facts.update(zip(_DROPPED, fields.dropped or (), strict=False))
    return {key: value for key, value in facts.items() if value}


def _logs(events: Iterable[Event]) -> list[Log]:
    return [
        _log(event.timestamp_ns, {"event": event.name, **event.attributes}, event.dropped_attributes)
        for event in events
    ]


def _log(at_ns: int, said: Mapping[str, Any], dropped: int) -> Log:
    extra = {_DROPPED_OF_EVENT: dropped} if dropped else {}
    return Log(at_ns // 1000, tags_of({**said, **extra}))


def _reference(link: Link) -> SpanRef:
    context = link.context
    kind = CHILD_OF if link.attributes.get(_REF_TYPE) == "child_of" else FOLLOWS_FROM
    low, high = context.trace_id & _LOW, context.trace_id >> 64
    return SpanRef(kind, _signed(low), _signed(high), _signed(context.span_id))


def _logs_of_links(fields: Fields) -> list[Log]:
    """Return a log for each link with attributes, for which a reference has no room."""
    logs = []
    for link in fields.links or ():
        said = {key: value for key, value in link.attributes.items() if key != _REF_TYPE}
        if said or link.dropped_attributes:
            ids = {"trace_id": f"{link.context.trace_id:032x}", "span_id": f"{link.context.span_id:016x}"}
            logs.append(_log(fields.start_ns, {**said, "event": "link", **ids}, link.dropped_attributes))
    return logs
