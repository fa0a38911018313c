"""Write one `Span` message (trace.proto), with its events, links and status.

Fields may come in any order, so those of fixed width are packed together. A tag is the field's number times
eight plus the wire type (0 varint, 1 eight bytes, 2 delimited, 5 four bytes); two bytes that follow each
other on the wire, such as a tag and a known length, are packed as one number.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from midspan.exporters._fields import flags_of
from midspan.exporters.otlp._pairs import Pairs
from midspan.exporters.otlp._wire import LENGTHS, delimited, varint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from midspan.trace import Event, Link, TraceState

__all__ = ["SpanWriter"]

# Span: trace_id = 1, span_id = 2, trace_state = 3, parent_span_id = 4, name = 5, kind = 6,
# start_time_unix_nano = 7, end_time_unix_nano = 8, attributes = 9, dropped_attributes_count = 10,
# events = 11, dropped_events_count = 12, links = 13, dropped_links_count = 14, status = 15, flags = 16.
_ROOT: Final = struct.Struct("<H16sH8sBBBQBQHI").pack
_CHILD: Final = struct.Struct("<H16sH8sBBBQBQHIH8s").pack
_TRACE_ID: Final = 0x100A
_SPAN_ID: Final = 0x0812
_PARENT_ID: Final = 0x0822
_KIND: Final = 0x30
_START: Final = 0x39
_END: Final = 0x41
_FLAGS: Final = 0x0185
# Event: time_unix_nano = 1, name = 2, attributes = 3, dropped_attributes_count = 4.
_EVENT_TIME: Final = struct.Struct("<BQ").pack
# Link: trace_id = 1, span_id = 2, trace_state = 3, attributes = 4, dropped_attributes_count = 5, flags = 6.
_LINK: Final = struct.Struct("<H16sH8sBI").pack
# Status: message = 2, code = 3.
_CODES: Final = (b"\x18\x00", b"\x18\x01", b"\x18\x02")
# Looked up, so that a number which is no kind raises instead of spoiling the payload.
_KINDS: Final = (0, 1, 2, 3, 4, 5)

_SMALL: Final = len(LENGTHS)
_MAX_NAMES: Final = 1024
_MAX_NAME: Final = 128


class SpanWriter:
    """Write span messages, remembering what repeats: names, keys, pairs."""

    def __init__(self) -> None:
        self._span_pairs = Pairs(b"\x4a").write
        self._event_pairs = Pairs(b"\x1a").write
        self._link_pairs = Pairs(b"\x22").write
        self._names: dict[tuple[bytes, str] | str, bytes] = {}
        self._event_names: dict[str, bytes] = {}
        self._no_state: TraceState | None = None

    def write(  # noqa: PLR0913 - the fields of `Fields`, flat: it is called for every span
        self,
        trace_id: int,
        span_id: int,
        flags: int,
        trace_state: TraceState,
        parent_id: int,
        name: str,
        kind: int,
        start_ns: int,
        end_ns: int,
        attributes: Mapping[str, Any] | None,
        events: Iterable[Event] | None,
        links: Iterable[Link] | None,
        dropped: Iterable[int] | None,
        status: tuple[int, str],
    ) -> bytes:
        """Return the message; raises whatever an odd value makes it raise."""
        if parent_id:
            head = _CHILD(
                _TRACE_ID,
                trace_id.to_bytes(16, "big"),
                _SPAN_ID,
                span_id.to_bytes(8, "big"),
                _KIND,
                _KINDS[kind],
                _START,
                start_ns,
                _END,
                end_ns,
                _FLAGS,
                flags,
                _PARENT_ID,
                parent_id.to_bytes(8, "big"),
            )
        else:
            head = _ROOT(
                _TRACE_ID,
                trace_id.to_bytes(16, "big"),
                _SPAN_ID,
                span_id.to_bytes(8, "big"),
                _KIND,
                _KINDS[kind],
                _START,
                start_ns,
                _END,
                end_ns,
                _FLAGS,
                flags,
            )
        parts = [head, self._names.get(name) or self._name(self._names, b"\x2a", name)]
        append = parts.append
        if attributes:
            self._span_pairs(attributes, append)
        if events:
            for event in events:
                append(self._event(event))
        if links:
            for link in links:
                append(self._link(link))
        if status[0]:
            append(_status(status))
        if trace_state is not self._no_state:
            append(self._state(trace_state))
        if dropped:
            append(_dropped(dropped))
        return b"".join(parts)

    def _state(self, trace_state: TraceState) -> bytes:
        header = trace_state.to_header()
        if header:
            return delimited(b"\x1a", header.encode())
        # Nearly all spans share one that is empty: the next of them need not be asked.
        self._no_state = trace_state
        return b""

    def _name(self, names: dict[Any, bytes], tag: bytes, name: str) -> bytes:
        field = delimited(tag, name.encode())
        if len(name) <= _MAX_NAME:
            if len(names) >= _MAX_NAMES:
                names.clear()
            names[name] = field
        return field

    def _event(self, event: Event) -> bytes:
        name = event.name
        parts = [
            _EVENT_TIME(0x09, event.timestamp_ns),
            self._event_names.get(name) or self._name(self._event_names, b"\x12", name),
        ]
        if event.attributes:
            self._event_pairs(event.attributes, parts.append)
        if event.dropped_attributes:
            parts.append(b"\x20" + varint(event.dropped_attributes))
        return delimited(b"\x5a", b"".join(parts))

    def _link(self, link: Link) -> bytes:
        context = link.context
        parts = [
            _LINK(
                _TRACE_ID,
                context.trace_id.to_bytes(16, "big"),
                _SPAN_ID,
                context.span_id.to_bytes(8, "big"),
                0x35,
                flags_of(context.trace_flags, context),
            )
        ]
        state = context.trace_state.to_header()
        if state:
            parts.append(delimited(b"\x1a", state.encode()))
        if link.attributes:
            self._link_pairs(link.attributes, parts.append)
        if link.dropped_attributes:
            parts.append(b"\x28" + varint(link.dropped_attributes))
        return delimited(b"\x6a", b"".join(parts))


def _status(status: tuple[int, str]) -> bytes:
    code, description = status
    message = delimited(b"\x12", description.encode()) if description else b""
    return delimited(b"\x7a", message + _CODES[code])


def _dropped(counts: Iterable[int]) -> bytes:
    attributes, events, links = counts
    return b"\x50" + varint(attributes) + b"\x60" + varint(events) + b"\x70" + varint(links)
