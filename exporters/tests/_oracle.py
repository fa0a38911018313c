"""Decode OTLP payloads with protobuf's own runtime, and say what a span should have become."""

from __future__ import annotations

from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

__all__ = ["Decoded", "decode", "decode_one", "shown", "shown_span"]


class Decoded(NamedTuple):
    """A span of a payload, with what it stands under."""

    span: Any
    scope: Any
    resource: Any
    scope_schema_url: str
    resource_schema_url: str


def decode(payload: bytes) -> list[Decoded]:
    """Return the spans of a payload in its order; raises if protobuf does not accept it."""
    request = ExportTraceServiceRequest.FromString(payload)
    return [
        Decoded(span, of_scope.scope, of_resource.resource, of_scope.schema_url, of_resource.schema_url)
        for of_resource in request.resource_spans
        for of_scope in of_resource.scope_spans
        for span in of_scope.spans
    ]


def decode_one(payload: bytes) -> Any:
    """Return the only span message of a payload."""
    (decoded,) = decode(payload)
    return decoded.span


def shown_span(message: Any) -> dict[str, Any]:
    """Return a span message as plain values that can be compared."""
    return {
        "trace_id": int.from_bytes(message.trace_id, "big"),
        "span_id": int.from_bytes(message.span_id, "big"),
        "parent_id": int.from_bytes(message.parent_span_id, "big"),
        "trace_state": message.trace_state,
        "flags": message.flags,
        "name": message.name,
        "kind": message.kind,
        "start_ns": message.start_time_unix_nano,
        "end_ns": message.end_time_unix_nano,
        "attributes": shown_pairs(message.attributes),
        "events": [_shown_event(event) for event in message.events],
        "links": [_shown_link(link) for link in message.links],
        "dropped": [
            message.dropped_attributes_count,
            message.dropped_events_count,
            message.dropped_links_count,
        ],
        "status": (message.status.code, message.status.message),
    }


def _shown_event(event: Any) -> list[Any]:
    return [event.name, event.time_unix_nano, shown_pairs(event.attributes), event.dropped_attributes_count]


def _shown_link(link: Any) -> list[Any]:
    ids = [int.from_bytes(link.trace_id, "big"), int.from_bytes(link.span_id, "big")]
    return [*ids, link.trace_state, link.flags, shown_pairs(link.attributes), link.dropped_attributes_count]


def shown_pairs(pairs: Any) -> list[tuple[str, Any]]:
    """Return pairs of keys and comparable values, in order."""
    return [(pair.key, _shown_any(pair.value)) for pair in pairs]


def _shown_any(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return ["list", *(_shown_any(item) for item in value.array_value.values)]
    if kind == "kvlist_value":
        return ["map", *((pair.key, _shown_any(pair.value)) for pair in value.kvlist_value.values)]
    return shown(getattr(value, kind))


def shown(value: Any) -> Any:
    """Return an attribute's value so that equal means the same: 1, 1.0 and True differ, NaN is itself."""
    if isinstance(value, (list, tuple)):
        return ["list", *(shown(item) for item in value)]
    if isinstance(value, dict):
        return ["map", *((key, shown(item)) for key, item in value.items())]
    return None if value is None else (type(value).__name__, repr(value))
