"""Mend OpenCensus's binary format of tags while the bridge is installed: it reads each length as one byte.

It writes lengths as varints, which take two bytes from 128 on, so that it cannot read what it wrote itself.
The native twin is `midspan.propagation.opencensus_tags`.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from opencensus.tags.propagation.binary_serializer import (
    TAG_FIELD_ID,
    TAG_MAP_SERIALIZED_SIZE_LIMIT,
    BinarySerializer,
)
from opencensus.tags.tag_map import TagMap

__all__ = ["METHODS"]

# A byte of a varint holds seven bits, and says in the eighth whether there are more.
_BITS: Final = 7
_MORE: Final = 1 << _BITS


def parse_tags(self: Any, buffer: Any) -> Any:  # noqa: ARG001 - it stands in for a method
    """Read tags with names and values of any length; raise as OpenCensus does where they are cut off."""
    found = TagMap()
    at, total = 1, 0
    while at < len(buffer) and buffer[at] == TAG_FIELD_ID:
        name, at = _text(buffer, at + 1)
        value, at = _text(buffer, at)
        total += len(name) + len(value)
        if total > TAG_MAP_SERIALIZED_SIZE_LIMIT:
            logging.warning("Size of the tag context exceeds maximum")  # noqa: LOG015 - as OpenCensus says it
            break
        found.insert(name, value)
    return found


def _text(buffer: Any, at: int) -> tuple[str, int]:
    """Return the text whose length stands at `at`, and where it ends."""
    length = shift = 0
    while buffer[at] & _MORE:
        length |= (buffer[at] & ~_MORE) << shift
        shift += _BITS
        at += 1
    begin = at + 1
    end = begin + (length | buffer[at] << shift)
    if end > len(buffer):
        raise IndexError("a tag is cut off")
    return bytes(buffer[begin:end]).decode(), end


METHODS: Final = ((BinarySerializer, "_parse_tags", parse_tags),)
