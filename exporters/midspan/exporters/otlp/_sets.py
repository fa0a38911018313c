"""Write whole sets of attributes, remembering those of series.

A series is told at every collection, and the core hands over the same mapping each time: so its attributes
are written once and found again by identity. What a foreign source makes anew for each collection is written
by `Pairs`, which remembers less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan.exporters.otlp._pairs import Pairs
from midspan.exporters.otlp._wire import LENGTHS, varint

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Sets", "head"]

_POINT: Final = b"\x0a"
_HEADS: Final = tuple(_POINT + length for length in LENGTHS)
_SMALL: Final = len(LENGTHS)

# About half a kilobyte each; what is longer is written anew.
_MAX_SETS: Final = 10_000
_MAX_SIZE: Final = 1024
# So many misses, once there is no room, are worth more than what is remembered: all of it is forgotten then.
_PATIENCE: Final = 8 * _MAX_SETS


class Set(NamedTuple):
    """One set of attributes: the mapping, a copy to see that nobody has changed it since, and its fields."""

    attributes: Mapping[str, Any]
    copy: dict[str, Any]
    fields: bytes
    # The fields after the head of a point, if `usual_size` bytes come after them.
    headed: bytes


class Sets:
    """Write the attributes of points with one tag. Safe to share between threads: all is a cache.

    `known` is looked up by identity in the loops over points, without a call; what is not there, or not the
    same any more, is to be learned.
    """

    __slots__ = ("_missed", "_pairs", "_usual_size", "known")

    def __init__(self, tag: bytes, usual_size: int = 0) -> None:
        """Take the tag of the field that holds the attributes, and what a point usually takes beside them."""
        self._pairs = Pairs(tag).write
        self._usual_size = usual_size
        self.known: dict[int, Set] = {}
        self._missed = 0

    def get(self, attributes: Mapping[str, Any]) -> bytes:
        """Return the fields of a set; raises as `learn` does."""
        known = self.known.get(id(attributes))
        return (known if known is not None and known[1] == attributes else self.learn(attributes)).fields

    def learn(self, attributes: Mapping[str, Any]) -> Set:
        """Write a set; raises where a value is none that OTLP can carry."""
        pieces: list[bytes] = []
        self._pairs(attributes, pieces.append)
        fields = b"".join(pieces)
        made = Set(attributes, dict(attributes), fields, head(len(fields) + self._usual_size) + fields)
        # The mapping is kept, too, so that its id is not given anew.
        if len(fields) <= _MAX_SIZE and self._has_room():
            self.known[id(attributes)] = made
        return made

    def _has_room(self) -> bool:
        if len(self.known) >= _MAX_SETS:
            self._missed += 1
            if self._missed < _PATIENCE:
                return False
            self._missed = 0
            self.known.clear()
        return True


def head(size: int) -> bytes:
    """Return what stands before a point of `size` bytes: points are field 1 of whatever holds them."""
    return _HEADS[size] if size < _SMALL else _POINT + varint(size)
