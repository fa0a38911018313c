"""Write the small messages that OpenCensus's larger ones are made of: texts, times, attributes, maps.

Field numbers in this package are those of opencensus-proto 0.4, whose files are cited where they are used. A
tag is the field's number times eight plus the wire type (0 varint, 1 eight bytes, 2 delimited).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.exporters._texts import tag_text
from midspan.exporters._wire import delimited, int64, pack_double, varint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from midspan.trace import TraceState

__all__ = [
    "attributes_field",
    "count64",
    "dropped_field",
    "string_map",
    "text_field",
    "time_field",
    "trace_state_field",
]

_NS: Final = 1_000_000_000
_UINT64: Final = 1 << 64
_MAX_INT32: Final = (1 << 31) - 1
_MAX_INT64: Final = (1 << 63) - 1
# How long key and text of an attribute may be, in characters, to be remembered; and how many are.
_SHORT: Final = 128
_MOST: Final = 4096


def text_field(tag: bytes, text: str) -> bytes:
    """Return a field with a `TruncatableString` (trace.proto: value = 1).

    Raises:
        Exception: It is no text, or none that UTF-8 can carry.
    """
    return delimited(tag, delimited(b"\x0a", text.encode()))


def time_field(tag: bytes, time_ns: int) -> bytes:
    """Return a field with a `Timestamp` (timestamp.proto: seconds = 1, nanos = 2).

    Raises:
        Exception: It is no time.
    """
    if not 0 <= time_ns < _UINT64:
        raise ValueError("no time")
    seconds, nanos = divmod(time_ns, _NS)
    return delimited(tag, b"\x08" + varint(seconds) + b"\x10" + varint(nanos))


def attributes_field(tag: bytes, attributes: Mapping[str, Any], dropped: int) -> bytes:
    """Return a field with `Attributes` (attribute_map = 1, dropped_attributes_count = 2), if there are any.

    What has no value (None) is left out, as OpenCensus leaves it out.

    Raises:
        Exception: There is something that attributes cannot hold.
    """
    fields = [_attribute(key, value) for key, value in attributes.items() if value is not None]
    if dropped:
        fields.append(dropped_field(b"\x10", dropped))
    return delimited(tag, b"".join(fields)) if fields else b""


def _attribute(key: str, value: Any) -> bytes:  # noqa: ANN401 - of an attribute's types
    """Return an entry of the map; AttributeValue: string = 1, int = 2, bool = 3, double = 4."""
    kind = type(value)
    if kind is str:
        return _known_text(key, value) if len(key) + len(value) < _SHORT else _text(key, value)
    if kind is bool:
        return _entry(key, b"\x18\x01" if value else b"\x18\x00")
    if kind is int:
        return _known_number(key, value)
    if kind is float:
        return _entry(key, b"\x21" + pack_double(value))
    return _text(key, tag_text(value))


def _text(key: str, text: str) -> bytes:
    return _entry(key, text_field(b"\x0a", text))


def _number(key: str, number: int) -> bytes:
    return _entry(key, b"\x10" + int64(number))


# Most attributes of a program repeat: to remember them saves a third of the time that a span takes (the mixed
# batch of compat_tests/performance).
_known_text: Final = functools.lru_cache(_MOST)(_text)
_known_number: Final = functools.lru_cache(_MOST)(_number)


def _entry(key: str, value: bytes) -> bytes:
    """Return an entry of a map of messages: key = 1, value = 2."""
    return delimited(b"\x0a", delimited(b"\x0a", key.encode()) + delimited(b"\x12", value))


def string_map(tag: bytes, texts: Mapping[str, str]) -> bytes:
    """Return the field of a map of texts: an entry for each, key = 1, value = 2.

    Raises:
        Exception: There is something that UTF-8 cannot carry.
    """
    return b"".join(
        delimited(tag, delimited(b"\x0a", key.encode()) + delimited(b"\x12", text.encode()))
        for key, text in texts.items()
    )


def trace_state_field(tag: bytes, state: TraceState) -> bytes:
    """Return a field with a `Tracestate` (trace.proto: entries = 1; of each, key = 1, value = 2), if any."""
    entries = string_map(b"\x0a", dict(state)) if state else b""
    return delimited(tag, entries) if entries else b""


def dropped_field(tag: bytes, count: int) -> bytes:
    """Return a field with a count of what was dropped.

    Raises:
        Exception: It is no count.
    """
    return tag + varint(_at_most(count, _MAX_INT32))


def count64(count: int) -> bytes:
    """Return a count as an int64 holds it; what is larger is told as the largest, and counted.

    Raises:
        Exception: It is no count.
    """
    return varint(_at_most(count, _MAX_INT64))


def _at_most(count: int, most: int) -> int:
    if type(count) is not int or count < 0:
        raise ValueError("no count")
    if count > most:
        _trouble.report("encoding.odd_number", "a count is larger than OpenCensus can tell")
    return min(count, most)
