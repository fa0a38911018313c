"""What the JSON forms of spans and of metrics have in common: values, attributes, resources and scopes.

It is protobuf's JSON mapping with OTLP's two exceptions (OTLP specification, "JSON Protobuf Encoding"): ids
are lower-case hexadecimal instead of base64, and enums are numbers only. Numbers of 64 bits are strings,
numbers that are not finite have names, and bytes inside a value are base64.
"""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, Any

from midspan.exporters._plain import mended_attributes, mended_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["attributes_form", "double_form", "grouped", "line_of", "without_nones"]


def line_of(document: Mapping[str, Any]) -> str:
    """Return a document as one line of JSON, without the line's end."""
    # ASCII alone: U+2028 and the like would be ends of lines to some who read.
    return json.dumps(document, separators=(",", ":"), allow_nan=False)


def grouped(
    items: Iterable[Any], form: Callable[[Any], dict[str, Any] | None], scopes: str, members: str
) -> list[dict[str, Any]]:
    """Return the forms of items by resource, then by scope, in lists that are called `scopes` and `members`.

    An item whose form is None is left out.
    """
    # By identity: nothing that is grouped goes away within this call, as the list holds all, so an id means
    # one object.
    items = list(items)
    resources: dict[int, dict[str, Any]] = {}
    of_scopes: dict[tuple[int, int], dict[str, Any]] = {}
    for item in items:
        written = form(item)
        if written is None:
            continue
        resource, scope = getattr(item, "resource", None), getattr(item, "scope", None)
        of_scope = of_scopes.get((id(resource), id(scope)))
        if of_scope is None:
            of_resource = resources.get(id(resource))
            if of_resource is None:
                of_resource = resources[id(resource)] = {**_resource(resource), scopes: []}
            of_scope = of_scopes[id(resource), id(scope)] = {**_scope(scope), members: []}
            of_resource[scopes].append(of_scope)
        of_scope[members].append(written)
    return list(resources.values())


def _resource(resource: Any) -> dict[str, Any]:  # noqa: ANN401 - a Resource, or what looks like one
    attributes = attributes_form(mended_attributes(getattr(resource, "attributes", None)))
    return _with_schema_url({"resource": without_nones({"attributes": attributes})}, resource)


def _scope(scope: Any) -> dict[str, Any]:  # noqa: ANN401 - an InstrumentationScope, or what looks like one
    shown = {
        "name": mended_text(getattr(scope, "name", "") or ""),
        "version": mended_text(getattr(scope, "version", "") or "") or None,
        "attributes": attributes_form(mended_attributes(dict(getattr(scope, "attributes", ())))),
    }
    return _with_schema_url({"scope": without_nones(shown)}, scope)


def _with_schema_url(fields: dict[str, Any], source: Any) -> dict[str, Any]:  # noqa: ANN401 - either of the two
    url = getattr(source, "schema_url", "")
    if url:
        fields["schemaUrl"] = mended_text(url)
    return fields


def attributes_form(attributes: Mapping[str, Any] | None) -> list[dict[str, Any]] | None:
    """Return pairs; None if there are none. The values must be plain."""
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
        return {"doubleValue": double_form(value)}
    if kind is bytes:
        return {"bytesValue": base64.b64encode(value).decode()}
    if kind is dict:
        return {"kvlistValue": {"values": _pairs(value)}}
    if value is None:
        return {}
    return {"arrayValue": {"values": [_value(item) for item in value]}}


def double_form(value: float) -> float | str:
    """Return a number, or the name of one that JSON does not have."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def without_nones(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that are there."""
    return {name: value for name, value in fields.items() if value is not None}
