"""Write what happened within a span: annotations, messages of a call, the stack of an exception; and links.

| native | OpenCensus (trace.proto) |
|---|---|
| an event | an annotation: its name is the description |
| an event `message` with no more than OpenCensus's bridge gives it | a message event |
| `exception.stacktrace` of the last event `exception` | the span's stack trace, beside the annotation |
| a link | a link; the attribute `opencensus.link_type` becomes its type |
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from midspan.exporters._wire import delimited, varint
from midspan.exporters.opencensus_agent._values import (
    attributes_field,
    dropped_field,
    text_field,
    time_field,
    trace_state_field,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from midspan.trace import Event, Link

__all__ = ["links_field", "stack_field", "time_events_field"]

# What OpenCensus's bridge makes of a message event, and of the type of a link.
_MESSAGE: Final = "message"
_TYPE: Final = "message.type"
_MESSAGE_TYPES: Final = {"SENT": 1, "RECEIVED": 2}
# MessageEvent: type = 1, id = 2, uncompressed_size = 3, compressed_size = 4.
_NUMBERS: Final = {
    "message.id": b"\x10",
    "message.uncompressed_size": b"\x18",
    "message.compressed_size": b"\x20",
}
_FACTS: Final = frozenset({_TYPE, *_NUMBERS})
_UINT64: Final = 1 << 64
_LINK_TYPE: Final = "opencensus.link_type"
_LINK_TYPES: Final = {"CHILD_LINKED_SPAN": 1, "PARENT_LINKED_SPAN": 2}

_TRACEBACK: Final = "Traceback (most recent call last):"
_FRAME: Final = re.compile(r'^  File "([^"\n]*)", line ([0-9]{1,9}), in ([^\n]*)$', re.MULTILINE)
# As many as OpenCensus keeps.
_MAX_FRAMES: Final = 128


def time_events_field(tag: bytes, events: Iterable[Event], dropped: int) -> bytes:
    """Return a field with `TimeEvents` (time_event = 1, dropped_annotations_count = 2), if there are any.

    Raises:
        Exception: There is something odd about one.
    """
    # TimeEvent: time = 1, annotation = 2, message_event = 3.
    fields = [delimited(b"\x0a", time_field(b"\x0a", event.timestamp_ns) + _said(event)) for event in events]
    if dropped:
        fields.append(dropped_field(b"\x10", dropped))
    return delimited(tag, b"".join(fields)) if fields else b""


def _said(event: Event) -> bytes:
    if event.name == _MESSAGE and not event.dropped_attributes and _is_message(event.attributes):
        return delimited(b"\x1a", _message(event.attributes))
    # Annotation: description = 1, attributes = 2.
    attributes = attributes_field(b"\x12", event.attributes, event.dropped_attributes)
    return delimited(b"\x12", text_field(b"\x0a", event.name) + attributes)


def _is_message(facts: Mapping[str, Any]) -> bool:
    """Say whether a message event holds all of it: else it is told as an annotation, and nothing is lost."""
    return (
        _FACTS.issuperset(facts)
        and type(facts.get(_TYPE)) is str
        and facts[_TYPE] in _MESSAGE_TYPES
        and all(type(facts.get(key, 0)) is int and 0 <= facts.get(key, 0) < _UINT64 for key in _NUMBERS)
    )


def _message(facts: Mapping[str, Any]) -> bytes:
    numbers = [tag + varint(facts[key]) for key, tag in _NUMBERS.items() if key in facts]
    return b"\x08" + varint(_MESSAGE_TYPES[facts[_TYPE]]) + b"".join(numbers)


def stack_field(tag: bytes, events: Iterable[Event]) -> bytes:
    """Return a field with the `StackTrace` of the last exception, if there is one that Python has written.

    StackTrace: stack_frames = 1; StackFrames: frame = 1, dropped_frames_count = 2; StackFrame:
    function_name = 1, file_name = 3, line_number = 4.
    """
    texts = [event.attributes.get("exception.stacktrace") for event in events if event.name == "exception"]
    if not texts or type(texts[-1]) is not str:
        return b""
    # Of exceptions that led to one another the last is the one that ended it; of its frames, too.
    frames = _FRAME.findall(texts[-1].rpartition(_TRACEBACK)[2])
    dropped = max(0, len(frames) - _MAX_FRAMES)
    fields = [delimited(b"\x0a", _frame(*frame)) for frame in frames[dropped:]]
    if dropped:
        fields.append(dropped_field(b"\x10", dropped))
    return delimited(tag, delimited(b"\x0a", b"".join(fields))) if fields else b""


def _frame(file: str, line: str, function: str) -> bytes:
    return text_field(b"\x0a", function) + text_field(b"\x1a", file) + b"\x20" + varint(int(line))


def links_field(tag: bytes, links: Iterable[Link], dropped: int) -> bytes:
    """Return a field with `Links` (link = 1, dropped_links_count = 2), if there are any.

    Raises:
        Exception: There is something odd about one.
    """
    fields = [delimited(b"\x0a", _link(link)) for link in links]
    if dropped:
        fields.append(dropped_field(b"\x10", dropped))
    return delimited(tag, b"".join(fields)) if fields else b""


def _link(link: Link) -> bytes:
    """Return a `Link`: trace_id = 1, span_id = 2, type = 3, attributes = 4, tracestate = 5."""
    context, attributes = link.context, dict(link.attributes)
    fields = [
        b"\x0a\x10" + context.trace_id.to_bytes(16, "big"),
        b"\x12\x08" + context.span_id.to_bytes(8, "big"),
    ]
    relation = attributes.get(_LINK_TYPE)
    if type(relation) is str and relation in _LINK_TYPES:
        del attributes[_LINK_TYPE]
        fields.append(b"\x18" + varint(_LINK_TYPES[relation]))
    fields.append(attributes_field(b"\x22", attributes, link.dropped_attributes))
    fields.append(trace_state_field(b"\x2a", context.trace_state))
    return b"".join(fields)
