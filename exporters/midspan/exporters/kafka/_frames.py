"""Keep several messages in one body: each with its key, and with how many spans or points it holds.

What is encoded together becomes a message for each trace. Delivery knows bodies only, and may lay one on disk
for another process to send: so all that is to be known about its messages is in it.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Frame", "join", "split"]

# The length of the key, the count, the length of the message.
_HEAD: Final = struct.Struct(">BII")


class Frame(NamedTuple):
    """What decides on a message's partition (empty: nothing does), how much is in it, and itself."""

    key: bytes
    items: int
    message: bytes


def join(frames: Iterable[Frame]) -> bytes:
    """Return a body that holds these messages."""
    pieces: list[bytes] = []
    for key, count, message in frames:
        pieces += (_HEAD.pack(len(key), count, len(message)), key, message)
    return b"".join(pieces)


def split(body: bytes) -> Iterator[Frame]:
    """Yield the messages of a body."""
    at = 0
    while at < len(body):
        key_size, count, size = _HEAD.unpack_from(body, at)
        begin = at + _HEAD.size + key_size
        at = begin + size
        yield Frame(body[begin - key_size : begin], count, body[begin:at])
