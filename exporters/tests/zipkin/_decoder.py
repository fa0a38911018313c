"""Decode both of Zipkin's forms without our encoders: JSON by its own rules, protobuf with its own runtime.

The message types are declared here from openzipkin/zipkin-api (zipkin.proto), field by field.
"""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, unknown_fields

__all__ = ["decode_json", "decode_protobuf", "one_span"]

FIELD = descriptor_pb2.FieldDescriptorProto
BYTES, TEXT, FIXED64, UINT64 = FIELD.TYPE_BYTES, FIELD.TYPE_STRING, FIELD.TYPE_FIXED64, FIELD.TYPE_UINT64
INT32, BOOL = FIELD.TYPE_INT32, FIELD.TYPE_BOOL
KINDS = ["", "CLIENT", "SERVER", "PRODUCER", "CONSUMER"]
ALLOWED = {
    "traceId",
    "parentId",
    "id",
    "kind",
    "name",
    "timestamp",
    "duration",
    "localEndpoint",
    "remoteEndpoint",
    "annotations",
    "tags",
    "debug",
}


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="zipkin_test.proto", package="z", syntax="proto3")
    _message(file, "Annotation", [("timestamp", FIXED64), ("value", TEXT)])
    _message(file, "Endpoint", [("service_name", TEXT), ("ipv4", BYTES), ("ipv6", BYTES), ("port", INT32)])
    _message(file, "Tag", [("key", TEXT), ("value", TEXT)])
    # A kind is declared as the number that it is, and a map as the entries that it is made of.
    span = [("trace_id", BYTES), ("parent_id", BYTES), ("id", BYTES), ("kind", INT32), ("name", TEXT)]
    span += [("timestamp", FIXED64), ("duration", UINT64), ("local_endpoint", ".z.Endpoint")]
    span += [("remote_endpoint", ".z.Endpoint"), ("annotations", ".z.Annotation*"), ("tags", ".z.Tag*")]
    span += [("debug", BOOL), ("shared", BOOL)]
    _message(file, "Span", span)
    _message(file, "ListOfSpans", [("spans", ".z.Span*")])
    return file


def _message(file: Any, name: str, fields: list[tuple[str, Any]]) -> None:
    message = file.message_type.add(name=name)
    for number, (field, kind) in enumerate(fields, 1):
        added = message.field.add(name=field, number=number, label=FIELD.LABEL_OPTIONAL)
        if isinstance(kind, str):
            added.type, added.type_name = FIELD.TYPE_MESSAGE, kind.rstrip("*")
            added.label = FIELD.LABEL_REPEATED if kind.endswith("*") else FIELD.LABEL_OPTIONAL
        else:
            added.type = kind


_pool = descriptor_pool.DescriptorPool()
_pool.Add(_file())
_ListOfSpans = message_factory.GetMessageClass(_pool.FindMessageTypeByName("z.ListOfSpans"))


def decode_protobuf(payload: bytes) -> list[dict[str, Any]]:
    """Return the spans of a payload in plain values; what is absent is left out."""
    return [_present(_shown(span)) for span in _ListOfSpans.FromString(payload).spans]


def _shown(span: Any) -> dict[str, Any]:
    assert 0 == len(unknown_fields.UnknownFieldSet(span))
    assert [16, 8] == [len(span.trace_id), len(span.id)]
    tags = [(tag.key, tag.value) for tag in span.tags]
    assert len(tags) == len(dict(tags))
    return {
        "trace_id": int.from_bytes(span.trace_id, "big"),
        "parent_id": int.from_bytes(span.parent_id, "big"),
        "id": int.from_bytes(span.id, "big"),
        "kind": KINDS[span.kind],
        "name": span.name,
        "timestamp": span.timestamp,
        "duration": span.duration,
        "local": _endpoint(span.local_endpoint) if span.HasField("local_endpoint") else None,
        "remote": _endpoint(span.remote_endpoint) if span.HasField("remote_endpoint") else None,
        "annotations": [(each.timestamp, each.value) for each in span.annotations],
        "tags": dict(tags),
        "debug": span.debug,
        "shared": span.shared,
    }


def _endpoint(message: Any) -> dict[str, Any]:
    address = message.ipv4 or message.ipv6
    return _present(
        {
            "name": message.service_name,
            "address": str(ipaddress.ip_address(address)) if address else "",
            "port": message.port,
        }
    )


def decode_json(payload: bytes) -> list[dict[str, Any]]:
    """Return the same of the JSON form; raises if it is not what zipkin2-api.yaml says."""
    return [_present(_shown_form(form)) for form in json.loads(payload, parse_constant=_no_constant)]


def _shown_form(form: dict[str, Any]) -> dict[str, Any]:
    assert set() == form.keys() - ALLOWED
    assert re.fullmatch("[0-9a-f]{16}([0-9a-f]{16})?", form["traceId"])
    assert all(re.fullmatch("[0-9a-f]{16}", form[name]) for name in ("id", "parentId") if name in form)
    assert all(type(text) is str for text in form.get("tags", {}).values())
    times = [form.get("timestamp", 1), form.get("duration", 1)]
    assert all(type(time) is int and 0 < time < 2**63 for time in times)
    return {
        "trace_id": int(form["traceId"], 16),
        "parent_id": int(form.get("parentId", "0"), 16),
        "id": int(form["id"], 16),
        "kind": form.get("kind", ""),
        "name": form.get("name", ""),
        "timestamp": form.get("timestamp", 0),
        "duration": form.get("duration", 0),
        "local": _json_endpoint(form.get("localEndpoint")),
        "remote": _json_endpoint(form.get("remoteEndpoint")),
        "annotations": [(each["timestamp"], each["value"]) for each in form.get("annotations", ())],
        "tags": form.get("tags", {}),
        "debug": form.get("debug", False),
    }


def _json_endpoint(form: dict[str, Any] | None) -> dict[str, Any] | None:
    if form is None:
        return None
    old = str(ipaddress.IPv4Address(form["ipv4"])) if "ipv4" in form else ""
    new = str(ipaddress.IPv6Address(form["ipv6"])) if "ipv6" in form else ""
    return _present({"name": form.get("serviceName"), "address": old or new, "port": form.get("port")})


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def one_span(encode: Any, span: Any) -> dict[str, Any]:
    """Return what one span becomes in the form that `encode` writes."""
    decode = decode_json if encode.__name__ == "encode_json" else decode_protobuf
    (shown,) = decode(encode([span]))
    return shown
