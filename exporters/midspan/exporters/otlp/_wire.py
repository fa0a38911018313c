"""Write attributes as OTLP has them; the wire format itself is shared with other exporters.

Field numbers in this package are those of opentelemetry-proto 1.x and are cited where they are used.
"""

from __future__ import annotations

from typing import Any, Final

from midspan.exporters._plain import is_plain
from midspan.exporters._wire import (
    LENGTHS,
    delimited,
    each_field,
    int64,
    pack_double,
    read_fields,
    varint,
)

__all__ = [
    "LENGTHS",
    "any_value",
    "delimited",
    "each_field",
    "int64",
    "key_value",
    "pack_double",
    "read_fields",
    "varint",
]

_COMPOUND: Final = frozenset({tuple, list, dict})


def key_value(tag: bytes, key: str, value: Any) -> bytes:  # noqa: ANN401 - an attribute
    """Return a field with a `KeyValue` (common.proto: key = 1, value = 2); raises as `any_value` does."""
    return _pair(tag, key, any_value(value))


def _pair(tag: bytes, key: str, value: bytes) -> bytes:
    return delimited(tag, delimited(b"\x0a", key.encode()) + delimited(b"\x12", value))


def any_value(value: Any) -> bytes:  # noqa: ANN401 - an attribute
    """Return an `AnyValue` (common.proto); None is an empty one.

    Raises:
        ValueError: The value is none that OTLP can carry as it is.
    """
    # Within a list or a map there may be one that holds itself, or so many that there is no end.
    if type(value) in _COMPOUND and not is_plain(value):
        raise ValueError("a list or map that cannot be sent as it is")
    return _any_value(value)


def _any_value(value: Any) -> bytes:  # noqa: ANN401, PLR0911 - a return for each field of AnyValue
    """Return an `AnyValue`: string = 1, bool = 2, int = 3, double = 4, array = 5, map = 6, bytes = 7."""
    kind = type(value)
    if kind is str:
        return delimited(b"\x0a", value.encode())
    if kind is bool:
        return b"\x10\x01" if value else b"\x10\x00"
    if kind is int:
        return b"\x18" + int64(value)
    if kind is float:
        return b"\x21" + pack_double(value)
    if value is None:
        return b""
    if kind is bytes:
        return delimited(b"\x3a", value)
    if kind is tuple or kind is list:
        # The field "values" (1) of ArrayValue.
        return delimited(b"\x2a", b"".join([delimited(b"\x0a", _any_value(item)) for item in value]))
    if kind is dict:
        # The field "values" (1) of KeyValueList.
        pairs = [_pair(b"\x0a", key, _any_value(item)) for key, item in value.items()]
        return delimited(b"\x32", b"".join(pairs))
    raise ValueError(f"{kind.__name__} is no type that OTLP has")
