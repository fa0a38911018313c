"""Keep several messages in one body: each with how many spans it holds, and how long it is.

A message of Jaeger's holds the spans of one process, and a datagram has room for a few. So what is encoded
together may become several messages; a body that holds more than one is cut between them and not sent whole.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Frame", "join", "split"]

_HEAD: Final = struct.Struct(">II")


class Frame(NamedTuple):
    """How many spans are in a message, and the message as it is sent."""

    spans: int
    message: bytes


def join(frames: Iterable[Frame]) -> bytes:
    """Return a body that holds these messages."""
    return b"".join(_HEAD.pack(spans, len(message)) + message for spans, message in frames)


def split(body: bytes) -> Iterator[Frame]:
    """Yield the messages of a body."""
    at = 0
    while at < len(body):
        spans, size = _HEAD.unpack_from(body, at)
        at += _HEAD.size
        yield Frame(spans, body[at : at + size])
        at += size
