"""Write spans as messages for an agent or a collector, none longer than what they take.

Each span is written by itself, so that one which cannot be written costs itself alone; the message around
them is put together of what was written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from thrift.protocol.TBinaryProtocol import TBinaryProtocolAccelerated
from thrift.protocol.TCompactProtocol import TCompactProtocolAccelerated
from thrift.Thrift import TMessageType, TType
from thrift.transport.TTransport import TMemoryBuffer

from midspan import _trouble
from midspan.exporters._fields import Fields, fields_of
from midspan.exporters.jaeger._frames import Frame, join
from midspan.exporters.jaeger._spans import process_of, scope_of, span_of
from midspan.exporters.jaeger._structures import Batch, Call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Encoder", "for_agent", "for_collector"]

# What an agent takes in one datagram; of 65,535 bytes the network's own headers need some.
_MAX_DATAGRAM: Final = 65_000
# As large as a body may be that a pipeline does not encode in halves.
_MAX_REQUEST: Final = 4_000_000
# How much longer a list of many spans tells its length than one of none.
_LENGTH_BYTES: Final = 5


class Encoder:
    """Turn spans into messages. Keeps nothing, so it is safe in threads, and in a child after a fork."""

    def __init__(self, protocol: Callable[[Any], Any], limit: int, *, as_call: bool) -> None:
        """Take one of thrift's protocols, how long a message may be, and whether it is a call."""
        self._protocol = protocol
        self.limit = limit
        self._as_call = as_call

    def encode(self, spans: Iterable[Any]) -> bytes:
        """Return a body with all messages: one for each process, or several if there is too much."""
        processes: dict[int, tuple[Any, bytes]] = {}
        by_process: dict[bytes, list[bytes]] = {}
        for span in spans:
            written = self._span(span)
            if not written:
                continue
            resource = getattr(span, "resource", None)
            # The resource is held as well: while it is, its id means it and no other.
            if id(resource) not in processes:
                processes[id(resource)] = resource, self._bytes(process_of(resource))
            by_process.setdefault(processes[id(resource)][1], []).append(written)
        return join(
            frame for process, written in by_process.items() for frame in self._frames(process, written)
        )

    def halve(self, frame: Frame) -> list[Frame]:
        """Return two messages with half of the spans each; none if there is but one span."""
        batch = self._read(frame.message)
        middle = len(batch.spans) // 2
        if not middle:
            return []
        process = self._bytes(batch.process)
        halves = (batch.spans[:middle], batch.spans[middle:])
        return [Frame(len(half), self._message(process, [*map(self._bytes, half)])) for half in halves]

    def _span(self, span: Any) -> bytes:  # noqa: ANN401 - a span, or what looks like one
        """Write a span: trusted, or else mended; nothing if it has no identity to send."""
        try:
            return self._structured(span, _as_it_is(span))
        except Exception:  # noqa: BLE001, S110 - whatever is odd about it, it is mended
            pass
        try:
            return self._structured(span, fields_of(span))
        except Exception as error:  # noqa: BLE001 - an object that is no span may raise anywhere
            _trouble.report("jaeger.no_span", "a span of type %s is lost", type(span).__name__, error=error)
            return b""

    def _structured(self, span: Any, fields: Fields) -> bytes:  # noqa: ANN401 - as above
        is_debug = getattr(span.context, "is_debug", False) is True
        return self._bytes(span_of(fields, scope_of(getattr(span, "scope", None)), is_debug=is_debug))

    def _frames(self, process: bytes, spans: list[bytes]) -> list[Frame]:
        """Fill messages in order; a span that is too large for any is alone in one that is too long."""
        room = self.limit - len(self._message(process, [])) - _LENGTH_BYTES
        filled: list[list[bytes]] = []
        left = 0
        for written in spans:
            if not filled or len(written) > left:
                filled.append([])
                left = room
            filled[-1].append(written)
            left -= len(written)
        return [Frame(len(some), self._message(process, some)) for some in filled]

    def _bytes(self, structure: Any) -> bytes:  # noqa: ANN401 - of `_structures`
        buffer = TMemoryBuffer()
        structure.write(self._protocol(buffer))
        return buffer.getvalue()  # type: ignore[no-any-return]

    def _message(self, process: bytes, spans: list[bytes]) -> bytes:
        """Put what was written into a Batch (process = 1, spans = 2), and that into a call (batch = 1)."""
        buffer = TMemoryBuffer()
        out = self._protocol(buffer)
        if self._as_call:
            # Nobody answers, so the number of the call says nothing.
            out.writeMessageBegin("emitBatch", TMessageType.ONEWAY, 0)
            out.writeStructBegin("Call")
            out.writeFieldBegin("batch", TType.STRUCT, 1)
        out.writeStructBegin("Batch")
        out.writeFieldBegin("process", TType.STRUCT, 1)
        buffer.write(process)
        out.writeFieldEnd()
        out.writeFieldBegin("spans", TType.LIST, 2)
        out.writeListBegin(TType.STRUCT, len(spans))
        buffer.write(b"".join(spans))
        out.writeListEnd()
        # The batch ends, and the call likewise.
        for _ in range(1 + self._as_call):
            out.writeFieldEnd()
            out.writeFieldStop()
            out.writeStructEnd()
        return buffer.getvalue()  # type: ignore[no-any-return]

    def _read(self, message: bytes) -> Any:  # noqa: ANN401 - a Batch
        source = self._protocol(TMemoryBuffer(message))
        if not self._as_call:
            batch = Batch()
            batch.read(source)
            return batch
        source.readMessageBegin()
        call = Call()
        call.read(source)
        return call.batch


def for_agent() -> Encoder:
    """Return what writes datagrams for an agent: calls of `emitBatch`, in thrift's compact form."""
    return Encoder(TCompactProtocolAccelerated, _MAX_DATAGRAM, as_call=True)


def for_collector() -> Encoder:
    """Return what writes requests for a collector: batches, in thrift's binary form."""
    return Encoder(TBinaryProtocolAccelerated, _MAX_REQUEST, as_call=False)


def _as_it_is(span: Any) -> Fields:  # noqa: ANN401 - a span, or what looks like one
    context, parent = span.context, span.parent
    return Fields(
        context.trace_id,
        context.span_id,
        context.trace_flags,
        context.trace_state,
        0 if parent is None else parent.span_id,
        span.name,
        span.kind,
        span.start_ns,
        span.end_ns,
        span.attributes,
        span.events,
        span.links,
        (span.dropped_attributes, span.dropped_events, span.dropped_links),
        span.status,
    )
