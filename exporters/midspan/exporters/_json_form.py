"""Write spans in the JSON form of an OTLP request.

It is protobuf's JSON mapping with OTLP's two exceptions (OTLP specification, "JSON Protobuf Encoding"): ids
are lower-case hexadecimal instead of base64, and enums are numbers only. Numbers of 64 bits are strings, and
bytes inside a value are base64.
"""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, Any

from midspan import _trouble
from midspan.exporters._fields import fields_of, flags_of
from midspan.exporters._plain import mended_attributes, mended_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from midspan.trace import Event, Link

__all__ = ["json_of_spans"]


def json_of_spans(spans: Iterable[Any]) -> str:
    """Return one line of JSON that holds finished spans, grouped by resource, then by scope.

    What cannot be sent as it is gets replaced by what can be said of it, and is counted; nothing raises.
    """
    # ASCII alone: U+2028 and the like would be ends of lines to some who read.
    document = {"resourceSpans": _resource_spans(spans)}
    return json.dumps(document, separators=(",", ":"), allow_nan=False)


def _resource_spans(spans: Iterable[Any]) -> list[dict[str, Any]]:
    # By identity: within this call nothing that is grouped goes away, so an id means one object.
    resources: dict[int, dict[str, Any]] = {}
    scopes: dict[tuple[int, int], dict[str, Any]] = {}
    for span in spans:
        written = _written(span)
        if written is None:
            continue
        resource, scope = getattr(span, "resource", None), getattr(span, "scope", None)
        of_scope = scopes.get((id(resource), id(scope)))
        if of_scope is None:
            of_resource = resources.setdefault(id(resource), _resource(resource))
            of_scope = scopes[id(resource), id(scope)] = _scope(scope)
            of_resource["scopeSpans"].append(of_scope)
        of_scope["spans"].append(written)
    return list(resources.values())


def _written(span: Any) -> dict[str, Any] | None:  # noqa: ANN401 - a span, or what looks like one
    try:
        return _span(span)
    except Exception as error:  # noqa: BLE001 - an object that is no span may raise anywhere
        _trouble.report("otlp.no_span", "a span of type %s is lost", type(span).__name__, error=error)
        return None


def _span(span: Any) -> dict[str, Any]:  # noqa: ANN401 - a span, or what looks like one
    fields = fields_of(span)
    parent = f"{fields.parent_id:016x}" if fields.parent_id else None
    code, description = fields.status
    status = {"code": code or None, "message": description or None}
    attributes, events, links = fields.dropped or (0, 0, 0)
    return _without_nones(
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
            "attributes": _attributes(fields.attributes),
            "droppedAttributesCount": attributes or None,
            "events": [_event(event) for event in fields.events or ()] or None,
            "droppedEventsCount": events or None,
            "links": [_link(link) for link in fields.links or ()] or None,
            "droppedLinksCount": links or None,
            "status": _without_nones(status),
        }
    )


def _event(event: Event) -> dict[str, Any]:
    return _without_nones(
        {
            "timeUnixNano": str(event.timestamp_ns),
            "name": event.name,
            "attributes": _attributes(event.attributes),
            "droppedAttributesCount": event.dropped_attributes or None,
        }
    )


def _link(link: Link) -> dict[str, Any]:
    context = link.context
    return _without_nones(
        {
            "traceId": f"{context.trace_id:032x}",
            "spanId": f"{context.span_id:016x}",
            "traceState": context.trace_state.to_header() or None,
            "attributes": _attributes(link.attributes),
            "droppedAttributesCount": link.dropped_attributes or None,
            "flags": flags_of(context.trace_flags, context),
        }
    )


def _resource(resource: Any) -> dict[str, Any]:  # noqa: ANN401 - a Resource, or what looks like one
    attributes = _attributes(mended_attributes(getattr(resource, "attributes", None)))
    fields = {"resource": _without_nones({"attributes": attributes}), "scopeSpans": []}
    return _with_schema_url(fields, resource)


def _scope(scope: Any) -> dict[str, Any]:  # noqa: ANN401 - an InstrumentationScope, or what looks like one
    shown = {
        "name": mended_text(getattr(scope, "name", "") or ""),
        "version": mended_text(getattr(scope, "version", "") or "") or None,
        "attributes": _attributes(mended_attributes(dict(getattr(scope, "attributes", ())))),
    }
    return _with_schema_url({"scope": _without_nones(shown), "spans": []}, scope)


def _with_schema_url(fields: dict[str, Any], source: Any) -> dict[str, Any]:  # noqa: ANN401 - either of the two
    url = getattr(source, "schema_url", "")
    if url:
        fields["schemaUrl"] = mended_text(url)
    return fields


def _attributes(attributes: Mapping[str, Any] | None) -> list[dict[str, Any]] | None:
    return _pairs(attributes or {}) or None


def _pairs(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    # None is a value without any field. It is left out: a reader made with Rust's serde refuses one that is
    # empty, and with it the whole request.
    return [
        {"key": key} if value is None else {"key": key, "value": _value(value)}
        for key, value in attributes.items()
    ]


def _value(value: Any) -> dict[str, Any]:  # noqa: ANN401, PLR0911 - one of OTLP's types, a return for each
    kind = type(value)
    if kind is str:
        return {"stringValue": value}
    if kind is bool:
        return {"boolValue": value}
    if kind is int:
        return {"intValue": str(value)}
    if kind is float:
        return {"doubleValue": value if math.isfinite(value) else _not_finite(value)}
    if kind is bytes:
        return {"bytesValue": base64.b64encode(value).decode()}
    if kind is dict:
        return {"kvlistValue": {"values": _pairs(value)}}
    if value is None:
        return {}
    return {"arrayValue": {"values": [_value(item) for item in value]}}


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _without_nones(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
