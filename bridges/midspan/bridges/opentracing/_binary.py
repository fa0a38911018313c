"""OpenTracing's BINARY format, in the layout of jaeger-client (Go's and Java's as well).

Big-endian: trace id (16 bytes), span id, parent id (8 each), flags (1), then a count of baggage items (4) and
for each its key and value, both as a length (4) and UTF-8.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import opentracing

from midspan import trace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from midspan.context import Context

__all__ = ["JaegerBinary"]

_HEAD: Final = struct.Struct(">QQQQBI")
_LENGTH: Final = struct.Struct(">I")
_LOW: Final = (1 << 64) - 1
_SAMPLED: Final = 1
_DEBUG: Final = 2
# The same as of the header that carries baggage (W3C Baggage, section 3.3.2).
_MAX_ITEMS: Final = 64
_MAX_BYTES: Final = 8_192


class JaegerBinary:
    """Append to, and read, a `bytearray`."""

    fields: Sequence[str] = ()

    def inject(self, carrier: bytearray, context: Context) -> None:
        """Append the context's span and baggage; nothing if there is neither."""
        span = context.span
        identity = trace.INVALID if span is None else span.context
        items = _items(context.baggage)
        if not (identity.is_valid or items):
            return
        parent = span.parent.span_id if span is not None and span.parent is not None else 0
        flags = (_SAMPLED if identity.is_sampled else 0) | (_DEBUG if identity.is_debug else 0)
        high, low = identity.trace_id >> 64, identity.trace_id & _LOW
        carrier += _HEAD.pack(high, low, identity.span_id, parent, flags, len(items))
        for text in (text for item in items for text in item):
            carrier += _LENGTH.pack(len(text)) + text

    def extract(self, carrier: bytes | bytearray, context: Context) -> Context:
        """Return `context` with what the carrier holds; itself if that is nothing.

        Raises:
            SpanContextCorruptedException: The carrier holds something else, or more than it may.
        """
        if not carrier:
            return context
        try:
            high, low, span_id, _, flags, count = _HEAD.unpack_from(carrier)
            baggage = _baggage(bytes(carrier[: _HEAD.size + _MAX_BYTES]), count)
        except (struct.error, ValueError) as error:
            raise opentracing.SpanContextCorruptedException(f"no span context: {error}") from None
        trace_id = high << 64 | low
        trace_flags = trace.TraceFlags.SAMPLED if flags & (_SAMPLED | _DEBUG) else trace.TraceFlags.NONE
        is_debug = flags & _DEBUG != 0
        if not (trace_id and span_id):
            trace_id = span_id = 0
        if not (span_id or is_debug or baggage):
            return context
        found = trace.SpanContext(trace_id, span_id, trace_flags, is_remote=True, is_debug=is_debug)
        return context.with_span(trace.NonRecordingSpan(found)).with_baggage({**context.baggage, **baggage})


def _items(baggage: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return the items as bytes, as many as fit."""
    items: list[tuple[bytes, bytes]] = []
    size = 0
    for key, value in baggage.items():
        item = key.encode("utf-8", "replace"), value.encode("utf-8", "replace")
        size += 2 * _LENGTH.size + len(item[0]) + len(item[1])
        if size > _MAX_BYTES or len(items) == _MAX_ITEMS:
            break
        items.append(item)
    return items


def _baggage(data: bytes, count: int) -> dict[str, str]:
    if count > _MAX_ITEMS:
        raise ValueError(f"{count} items of baggage, where {_MAX_ITEMS} are allowed")
    texts = []
    at = _HEAD.size
    for _ in range(2 * count):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if length > len(data) - at:
            raise ValueError("an item of baggage is cut off")
        texts.append(data[at : at + length].decode("utf-8", "replace"))
        at += length
    return dict(zip(texts[::2], texts[1::2], strict=True))
