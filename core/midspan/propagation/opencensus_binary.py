"""OpenCensus's binary format: 29 bytes, in gRPC's metadata under `grpc-trace-bin`.

A version (0), then fields, each after its number: 0 the trace id, 1 the span id, 2 the options
(opencensus-specs, encodings/BinaryEncoding.md).
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, Any, Final

from midspan.propagation._format import Format
from midspan.propagation._identity import ids_of, is_sampled, remote
from midspan.trace import INVALID, SpanContext, TraceFlags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan.context import Context
    from midspan.propagation._carrier import Headers

__all__ = ["OpenCensusBinary", "decode", "encode"]

_NAME: Final = "grpc-trace-bin"
_MAX_BYTES: Final = 128
_SIZES: Final = {0: 16, 1: 8, 2: 1}
_is_base64: Final = re.compile(r"[A-Za-z0-9+/]{1,172}={0,2}").fullmatch


def encode(context: SpanContext) -> bytes:
    """Return the 29 bytes.

    Raises:
        OverflowError: An id does not fit its width.
    """
    options = context.trace_flags & TraceFlags.SAMPLED
    return b"".join(
        (
            b"\0\0",
            context.trace_id.to_bytes(16, "big"),
            b"\1",
            context.span_id.to_bytes(8, "big"),
            b"\2",
            bytes((options,)),
        )
    )


def decode(data: bytes) -> SpanContext:
    """Return what the bytes say, `INVALID` if they are no span context; fields to come are read over."""
    fields = {0: 0, 1: 0, 2: 0}
    if not 0 < len(data) <= _MAX_BYTES or data[0] != 0:
        return INVALID
    at = 1
    while at < len(data) and data[at] in _SIZES:
        size = _SIZES[data[at]]
        value = data[at + 1 : at + 1 + size]
        if len(value) < size:
            return INVALID
        fields[data[at]] = int.from_bytes(value, "big")
        at += 1 + size
    found = SpanContext(fields[0], fields[1], fields[2] & TraceFlags.SAMPLED, is_remote=True)
    return found if found.is_valid else INVALID


class OpenCensusBinary(Format):
    """Carries ids and the sampled flag; no baggage. The value is `bytes`, as gRPC's `-bin` metadata has it.

    Base64, which is how such metadata looks on the wire, is read as well.
    """

    __slots__ = ()

    fields: Sequence[str] = (_NAME,)

    def _inject(self, headers: Headers, context: Context) -> None:
        span = context.span
        if span is not None and ids_of(span) is not None:
            headers[_NAME] = encode(
                SpanContext(span._trace_id, span._span_id, int(is_sampled(span) or False))
            )

    def _extract(self, headers: Headers, found: Context) -> bool:
        context = decode(_bytes(headers.get(_NAME)))
        return remote(found, context.trace_id, context.span_id, sampled=context.is_sampled)


def _bytes(value: Any) -> bytes:  # noqa: ANN401 - whatever a carrier holds
    if isinstance(value, (bytes, bytearray)):
        if value[:1] == b"\0":
            return bytes(value[: _MAX_BYTES + 1])
        value = value.decode("latin-1")
    if isinstance(value, str) and _is_base64(value):
        text = value.rstrip("=")
        if len(text) % 4 != 1:
            return binascii.a2b_base64(text + "=" * (-len(text) % 4))
    return b""
