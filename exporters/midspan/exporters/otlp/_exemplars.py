"""Write exemplars, the measurements that stand for many."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from midspan.exporters.otlp._pairs import Pairs
from midspan.exporters.otlp._wire import delimited, varint
from midspan.metrics import Exemplar

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Exemplars"]

# Exemplar (metrics.proto): time_unix_nano = 2, as_double = 3, span_id = 4, trace_id = 5, as_int = 6,
# filtered_attributes = 7. Two bytes that follow each other on the wire are packed as one number.
_TIME: Final = 0x11
_AS_DOUBLE: Final = 0x19
_AS_INT: Final = 0x31
_SPAN_ID: Final = 0x0822
_TRACE_ID: Final = 0x102A
_DOUBLE: Final = struct.Struct("<HBQBd").pack
_INT: Final = struct.Struct("<HBQBq").pack
_IDS: Final = struct.Struct("<H8sH16s").pack
_SIZE_IN_SPAN: Final = struct.calcsize("<BQBqH8sH16s")


class Exemplars:
    """Write exemplars as one field of a point. Safe to share between threads."""

    def __init__(self, field: int) -> None:
        """Take the number of the field that holds them."""
        self._tag = varint(field << 3 | 2)
        # The tag and the length of one that was made in a span and has no attributes.
        self._head = _SIZE_IN_SPAN << 8 | self._tag[0]
        self._filtered = Pairs(b"\x3a").write
        # The latest span and its ids, written: what is measured in one span often stands together.
        self._latest = (0, 0, b"")

    def write(self, exemplars: Iterable[Any]) -> bytes:
        """Return the fields; raises whatever an odd value makes it raise."""
        pieces: list[bytes] = []
        latest_trace, latest_span, ids = self._latest
        for exemplar in exemplars:
            if type(exemplar) is not Exemplar:
                raise TypeError("an exemplar that is not the core's own")
            value, time_ns, trace_id, span_id, filtered = exemplar
            if filtered or not (trace_id and span_id):
                pieces.append(self._uncommon(exemplar))
                continue
            if type(value) is float:
                pieces.append(_DOUBLE(self._head, _TIME, time_ns, _AS_DOUBLE, value))
            else:
                pieces.append(_INT(self._head, _TIME, time_ns, _AS_INT, value))
            if trace_id != latest_trace or span_id != latest_span:
                ids = _IDS(_SPAN_ID, span_id.to_bytes(8, "big"), _TRACE_ID, trace_id.to_bytes(16, "big"))
                latest_trace, latest_span = trace_id, span_id
            pieces.append(ids)
        self._latest = latest_trace, latest_span, ids
        return b"".join(pieces)

    def _uncommon(self, exemplar: Exemplar) -> bytes:
        """Write one that was made outside any span, or that has attributes of its own."""
        value, time_ns, trace_id, span_id, filtered = exemplar
        pack, tag = (_DOUBLE, _AS_DOUBLE) if type(value) is float else (_INT, _AS_INT)
        # The head is that of the common one.
        parts = [pack(0, _TIME, time_ns, tag, value)[2:]]
        if span_id:
            parts.append(b"\x22\x08" + span_id.to_bytes(8, "big"))
        if trace_id:
            parts.append(b"\x2a\x10" + trace_id.to_bytes(16, "big"))
        if filtered:
            self._filtered(filtered, parts.append)
        return delimited(self._tag, b"".join(parts))
