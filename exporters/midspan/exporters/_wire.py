"""Write the protobuf wire format: the few kinds of field that telemetry uses; and read it.

A message is bytes; a field is a tag (field number and wire type in one varint), then its value. Whose the
field numbers are is said where they are used.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "LENGTHS",
    "delimited",
    "each_field",
    "int64",
    "pack_double",
    "read_fields",
    "varint",
]

# The varints of small numbers, by number: lengths are looked up here at a fifth of the cost of a call.
_SMALL: Final = 1 << 11
_UINT64: Final = (1 << 64) - 1
_INT64_MAX: Final = (1 << 63) - 1

_FIXED_SIZES: Final = {1: 8, 5: 4}
_CUT_SHORT: Final = "a protobuf message that is cut short, or none"

pack_double: Final = struct.Struct("<d").pack


def varint(number: int) -> bytes:
    """Return a number from 0 to 2**64 - 1 in groups of seven bits, the lowest first.

    Raises:
        ValueError: It is negative.
    """
    if number < 0x80:  # noqa: PLR2004 - the bit that says "more to come"
        return bytes((number,))
    if number < 0x4000:  # noqa: PLR2004 - two groups: most numbers that are not looked up
        return bytes((number & 0x7F | 0x80, number >> 7))
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - as above
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


LENGTHS: Final = tuple(varint(number) for number in range(_SMALL))


def delimited(tag: bytes, data: bytes) -> bytes:
    """Return a field that holds a string, bytes or a message."""
    size = len(data)
    return b"".join((tag, LENGTHS[size] if size < _SMALL else varint(size), data))


def int64(number: int) -> bytes:
    """Return a signed number as protobuf has it: two's complement, so that a negative one takes ten bytes.

    Raises:
        ValueError: It does not fit 64 bits.
    """
    if 0 <= number < _SMALL:
        return LENGTHS[number]
    if not -_INT64_MAX - 1 <= number <= _INT64_MAX:
        message = "a number of more than 64 bits"
        raise ValueError(message)
    return varint(number & _UINT64)


def read_fields(message: bytes) -> dict[int, int | bytes]:
    """Return the last value of each field of a message, by number.

    Raises:
        ValueError: This is no message.
    """
    return {number: value for number, value, _ in each_field(message)}


def each_field(message: bytes) -> Iterator[tuple[int, int | bytes, bytes]]:
    """Yield each field of a message: its number, its value, and all its bytes, tag and length among them.

    Raises:
        ValueError: This is no message.
    """
    at = 0
    while at < len(message):
        begin = at
        tag, at = _read_varint(message, at)
        wire_type = tag & 7
        value: int | bytes
        if wire_type == 0:
            value, at = _read_varint(message, at)
        else:
            size = _FIXED_SIZES.get(wire_type, len(message))
            if wire_type == 2:  # noqa: PLR2004 - delimited
                size, at = _read_varint(message, at)
            if at + size > len(message):
                raise ValueError(_CUT_SHORT)
            value = message[at : at + size]
            at += size
        yield tag >> 3, value, message[begin:at]


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the bit that says "more to come"
            return number, at
    raise ValueError(_CUT_SHORT)
