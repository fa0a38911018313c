"""Write spans in the JSON of Zipkin's v2 API (openzipkin/zipkin-api, zipkin2-api.yaml)."""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING, Any, Final

from midspan.exporters.zipkin._spans import written

if TYPE_CHECKING:
    from collections.abc import Iterable

    from midspan.exporters.zipkin._model import ZipkinSpan
    from midspan.exporters.zipkin._remote import Endpoint

__all__ = ["encode_json", "halve_json"]

_dump: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def encode_json(spans: Iterable[Any]) -> bytes:
    """Return finished spans as a list in Zipkin's JSON; what cannot be sent is mended and counted."""
    return _list_of(written(spans, _json_span))


def halve_json(payload: bytes) -> list[tuple[bytes, int]]:
    """Cut a list in two, each with its count; nothing comes of a single span.

    Raises:
        ValueError: This is no list.
    """
    spans = json.loads(payload)
    middle = len(spans) // 2
    parts = (spans[:middle], spans[middle:]) if middle else ()
    return [(_dump(part).encode(), len(part)) for part in parts]


def _list_of(spans: list[bytes]) -> bytes:
    return b"[" + b",".join(spans) + b"]"


def _json_span(span: ZipkinSpan) -> bytes:
    trace_id = span.trace_id
    # 64 bits take 16 digits, as they do in services that know no more.
    form: dict[str, Any] = {"traceId": f"{trace_id:032x}" if trace_id >> 64 else f"{trace_id:016x}"}
    if span.parent_id:
        form["parentId"] = f"{span.parent_id:016x}"
    form["id"] = f"{span.span_id:016x}"
    if span.kind:
        form["kind"] = span.kind
    if span.name:
        form["name"] = span.name
    if span.timestamp_us:
        form["timestamp"] = span.timestamp_us
    if span.duration_us:
        form["duration"] = span.duration_us
    form["localEndpoint"] = {"serviceName": span.service_name}
    if span.remote is not None:
        form["remoteEndpoint"] = _json_endpoint(span.remote)
    if span.annotations:
        form["annotations"] = [{"timestamp": time, "value": text} for time, text in span.annotations]
    if span.tags:
        form["tags"] = span.tags
    if span.is_debug:
        form["debug"] = True
    return _dump(form).encode()


def _json_endpoint(endpoint: Endpoint) -> dict[str, Any]:
    form: dict[str, Any] = {}
    if endpoint.service_name:
        form["serviceName"] = endpoint.service_name
    if endpoint.address is not None:
        is_old = isinstance(endpoint.address, ipaddress.IPv4Address)
        form["ipv4" if is_old else "ipv6"] = str(endpoint.address)
    if endpoint.port:
        form["port"] = endpoint.port
    return form
