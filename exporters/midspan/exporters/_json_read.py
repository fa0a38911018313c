"""Read spans back from the JSON form of OTLP requests.

What is read was written by another process, so nothing is taken for granted: a field that is missing has its
default, a span that cannot be read is left out and counted, and nothing raises.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.resource import Resource
from midspan.trace import (
    Event,
    InstrumentationScope,
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceState,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = ["SpanRecord", "read"]

# SpanFlags (trace.proto).
_W3C: Final = 0xFF
_REMOTE: Final = 0x200
_ID_DIGITS: Final = 32
_MAX_TIME: Final = (1 << 64) - 1
# What may be raised by converting whatever JSON can hold.
_UNREADABLE: Final = (ValueError, TypeError, OverflowError, RecursionError)


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
    """Yield the spans of OTLP/JSON requests, given as lines of a file or parsed; empty lines are passed over.

    >>> list(read(['{"resourceSpans": []}', ""]))
    []
    """
    for document in documents:
        try:
            if isinstance(document, (str, bytes)):
                if not document.strip():
                    continue
                document = json.loads(document)  # noqa: PLW2901 - the same document, parsed
            groups = [_object(group) for group in _list(_object(document), "resourceSpans")]
        except _UNREADABLE as error:
            _trouble.report("jsonl.unreadable", "a line holds no OTLP/JSON request", error=error)
            continue
        for group in groups:
            yield from _read_group(group)


def _read_group(group: Mapping[str, Any]) -> Iterator[SpanRecord]:
    try:
        attributes = _attributes(_object(group.get("resource", {})))
        resource = Resource(attributes, str(group.get("schemaUrl", "")))
        parts = [(_scope(_object(part)), _list(part, "spans")) for part in _list(group, "scopeSpans")]
    except _UNREADABLE as error:
        _trouble.report("jsonl.unreadable", "a group of spans cannot be read", error=error)
        return
    for scope, spans in parts:
        for span in spans:
            try:
                record = _span(_object(span), resource, scope)
            except _UNREADABLE as error:
                _trouble.report("jsonl.unreadable", "a span cannot be read", error=error)
            else:
                yield record


def _span(fields: Mapping[str, Any], resource: Resource, scope: InstrumentationScope) -> SpanRecord:
    flags = _int(fields.get("flags"))
    context = _context(fields, flags & _W3C, remote=False)
    parent_id = _id(fields.get("parentSpanId"))
    remote = bool(flags & _REMOTE)
    status = _object(fields.get("status", {}))
    return SpanRecord(
        name=str(fields.get("name", "")),
        context=context,
        parent=SpanContext(context.trace_id, parent_id, is_remote=remote) if parent_id else None,
        kind=SpanKind(_int(fields.get("kind")) or SpanKind.INTERNAL),
        start_ns=_time(fields.get("startTimeUnixNano")),
        end_ns=_time(fields.get("endTimeUnixNano")),
        attributes=_attributes(fields),
        events=[_event(_object(event)) for event in _list(fields, "events")],
        links=[_link(_object(link)) for link in _list(fields, "links")],
        status=Status(StatusCode(_int(status.get("code"))), str(status.get("message", ""))),
        resource=resource,
        scope=scope,
        dropped_attributes=_int(fields.get("droppedAttributesCount")),
        dropped_events=_int(fields.get("droppedEventsCount")),
        dropped_links=_int(fields.get("droppedLinksCount")),
    )


def _context(fields: Mapping[str, Any], trace_flags: int, *, remote: bool) -> SpanContext:
    state = TraceState.parse(str(fields.get("traceState", "")))
    return SpanContext(_id(fields.get("traceId")), _id(fields.get("spanId")), trace_flags, state, remote)


def _event(fields: Mapping[str, Any]) -> Event:
    at_ns = _time(fields.get("timeUnixNano"))
    return Event(
        str(fields.get("name", "")), at_ns, _attributes(fields), _int(fields.get("droppedAttributesCount"))
    )


def _link(fields: Mapping[str, Any]) -> Link:
    flags = _int(fields.get("flags"))
    context = _context(fields, flags & _W3C, remote=bool(flags & _REMOTE))
    return Link(context, _attributes(fields), _int(fields.get("droppedAttributesCount")))


def _scope(part: Mapping[str, Any]) -> InstrumentationScope:
    scope = _object(part.get("scope", {}))
    return InstrumentationScope(
        str(scope.get("name", "")),
        str(scope.get("version", "")),
        str(part.get("schemaUrl", "")),
        tuple(_attributes(scope).items()),
    )


def _attributes(fields: Mapping[str, Any]) -> dict[str, Any]:
    return _pairs(_list(fields, "attributes"))


def _pairs(pairs: list[Any]) -> dict[str, Any]:
    return {str(_object(pair).get("key", "")): _value(_object(pair.get("value", {}))) for pair in pairs}


def _value(value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - one of OTLP's types
    for kind, given in value.items():
        if given is None:
            continue
        if kind == "arrayValue":
            return tuple(_value(_object(item)) for item in _list(_object(given), "values"))
        if kind == "kvlistValue":
            return _pairs(_list(_object(given), "values"))
        if kind in _SCALARS:
            return _SCALARS[kind](given)
    return None


def _bytes(given: Any) -> bytes:  # noqa: ANN401 - a string, it should be
    return base64.b64decode(given, validate=True)


def _bool(given: Any) -> bool:  # noqa: ANN401 - a boolean, it should be
    return given is True


def _int(given: Any) -> int:  # noqa: ANN401 - a number, or a string with one
    return int(given) if given else 0


def _time(given: Any) -> int:  # noqa: ANN401 - as above
    time_ns = _int(given)
    if not 0 <= time_ns <= _MAX_TIME:
        raise ValueError(f"{time_ns} is no time")
    return time_ns


def _id(given: Any) -> int:  # noqa: ANN401 - a string, it should be
    """Read hexadecimal digits, no more than an id has."""
    return int(given[:_ID_DIGITS], 16) if given else 0


_SCALARS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "stringValue": str,
    "boolValue": _bool,
    "intValue": _int,
    "doubleValue": float,
    "bytesValue": _bytes,
}


def _object(given: Any) -> Mapping[str, Any]:  # noqa: ANN401 - it is looked at here
    if not isinstance(given, dict):
        message = f"an object should stand where there is {type(given).__name__}"
        raise TypeError(message)
    return given


def _list(fields: Mapping[str, Any], name: str) -> list[Any]:
    """Return a list, which may be left out when it is empty (or null, as some writers have it)."""
    given = fields.get(name) or []
    if not isinstance(given, list):
        message = f"{name} should be a list"
        raise TypeError(message)
    return given
