"""Write spans as a `ListOfSpans` (openzipkin/zipkin-api, zipkin.proto), without protobuf's runtime.

Span: trace_id = 1, parent_id = 2, id = 3, kind = 4, name = 5, timestamp = 6 (fixed64), duration = 7,
local_endpoint = 8, remote_endpoint = 9, annotations = 10, tags = 11 (a map), debug = 12, shared = 13.
Endpoint: service_name = 1, ipv4 = 2, ipv6 = 3, port = 4. Annotation: timestamp = 1 (fixed64), value = 2.
"""

from __future__ import annotations

import functools
import ipaddress
import struct
from typing import TYPE_CHECKING, Any, Final

from midspan.exporters._halving import protobuf_in_two
from midspan.exporters._wire import delimited, varint
from midspan.exporters.zipkin._remote import Endpoint
from midspan.exporters.zipkin._spans import written

if TYPE_CHECKING:
    from collections.abc import Iterable

    from midspan.exporters.zipkin._model import ZipkinSpan

__all__ = ["encode_protobuf", "halve_protobuf"]

_KINDS: Final = {"CLIENT": 1, "SERVER": 2, "PRODUCER": 3, "CONSUMER": 4}
_KIND_FIELDS: Final = {name: b"\x20" + varint(number) for name, number in _KINDS.items()}
# The only field of the list.
_SPAN: Final = b"\x0a"
# How long a tag may be, in characters, to be remembered.
_SHORT: Final = 128

_fixed64: Final = struct.Struct("<Q").pack


def encode_protobuf(spans: Iterable[Any]) -> bytes:
    """Return finished spans as a list in Zipkin's protobuf; what cannot be sent is mended and counted."""
    return b"".join([delimited(_SPAN, body) for body in written(spans, _span)])


def halve_protobuf(payload: bytes) -> list[tuple[bytes, int]]:
    """Cut a list in two, each with its count; nothing comes of a single span.

    Raises:
        ValueError: This is no list.
    """
    return protobuf_in_two(payload, (1,))


def _span(span: ZipkinSpan) -> bytes:
    # Always 16 bytes: 8 may be sent as well (zipkin.proto), but OpenZipkin's library for Go refuses them.
    fields = [b"\x0a\x10", span.trace_id.to_bytes(16, "big")]
    if span.parent_id:
        fields += b"\x12\x08", span.parent_id.to_bytes(8, "big")
    fields += b"\x1a\x08", span.span_id.to_bytes(8, "big")
    if span.kind:
        fields.append(_KIND_FIELDS[span.kind])
    if span.name:
        fields.append(delimited(b"\x2a", span.name.encode()))
    if span.timestamp_us:
        fields += b"\x31", _fixed64(span.timestamp_us)
    if span.duration_us:
        fields += b"\x38", varint(span.duration_us)
    fields.append(_local(span.service_name))
    if span.remote is not None:
        fields.append(delimited(b"\x4a", _endpoint(span.remote)))
    for time, text in span.annotations:
        fields.append(delimited(b"\x52", b"\x09" + _fixed64(time) + delimited(b"\x12", text.encode())))
    for key, text in span.tags.items():
        short = len(key) + len(text) < _SHORT
        fields.append(_known_tag(key, text) if short else _tag(key, text))
    if span.is_debug:
        fields.append(b"\x60\x01")
    return b"".join(fields)


@functools.lru_cache(maxsize=64)
def _local(service_name: str) -> bytes:
    return delimited(b"\x42", _endpoint(Endpoint(service_name)))


def _tag(key: str, text: str) -> bytes:
    """Return an entry of the map: key = 1, value = 2."""
    return delimited(b"\x5a", delimited(b"\x0a", key.encode()) + delimited(b"\x12", text.encode()))


# Most tags of a program repeat, the scope's in every span: to remember them saves a sixth of the time.
_known_tag: Final = functools.lru_cache(maxsize=2048)(_tag)


def _endpoint(endpoint: Endpoint) -> bytes:
    fields = []
    if endpoint.service_name:
        fields.append(delimited(b"\x0a", endpoint.service_name.encode()))
    if endpoint.address is not None:
        is_old = isinstance(endpoint.address, ipaddress.IPv4Address)
        fields.append(delimited(b"\x12" if is_old else b"\x1a", endpoint.address.packed))
    if endpoint.port:
        fields.append(b"\x20" + varint(endpoint.port))
    return b"".join(fields)
