"""Write the attributes of a metric's points, remembering those of its series.

A series is told at every collection, mostly in the place where it stood the last time, and the core hands
over the same mapping each time. So what was written for each place is kept, and used again where the mapping
is the same, or another one that holds the same. As points are, their attributes are read-only: a mapping that
is changed afterwards, in place, goes on being told as it was. To look into each of them for that would make
writing a payload a fifth slower.
"""

from __future__ import annotations

from itertools import chain
from operator import is_
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan.exporters.otlp._pairs import Pairs
from midspan.exporters.otlp._wire import LENGTHS, varint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["HEADS", "NOWHERE", "Series", "Sets", "head"]

# Points are field 1 of whatever holds them.
_POINT: Final = b"\x0a"
HEADS: Final = tuple(_POINT + length for length in LENGTHS)
_SMALL: Final = len(LENGTHS)
_MAX_SIZE: Final = 1024
# Equal values of these types are written alike; a float may be -0.0, and a list may hold one.
_COMPARABLE: Final = frozenset({str, int, bool})


class Places(NamedTuple):
    """What was written for the points of a metric, in their order."""

    given: tuple[Mapping[str, Any], ...]
    # Whether all values are texts: what is equal to a text is one.
    are_texts: bool
    # None if among them are values that can be equal, of the same type, and not be written alike.
    types: list[list[type]] | None
    fields: list[bytes]
    # The fields after the head of a point, if a usual size comes after them.
    headed: list[bytes]

    def hold(self, given: tuple[Mapping[str, Any], ...]) -> bool:
        """Say whether these are the attributes that were written."""
        return given == self.given and (
            self.are_texts
            or all(map(is_, given, self.given))
            # 1, 1.0 and True are equal, and nevertheless written in three ways.
            or (self.types is not None and _types(given) == self.types)
        )


NOWHERE: Final = Places((), True, None, [], [])  # noqa: FBT003 - there is no value that is no text


class Series:
    """What is remembered of a metric."""

    __slots__ = ("last_told", "places", "title")

    def __init__(self, title: bytes) -> None:
        """Take all that is written before the metric's points."""
        self.title = title
        self.places = NOWHERE
        # The number of the payload.
        self.last_told = 0


class Sets:
    """Write the attributes of points with one tag. Safe to share between threads: all is a cache."""

    def __init__(self, tag: bytes, usual_size: int = 0) -> None:
        """Take the tag of the field that holds the attributes, and what a point usually takes beside them."""
        self._pairs = Pairs(tag).write
        self._usual_size = usual_size

    def write(self, series: Series, points: Iterable[Any]) -> Places:
        """Write the attributes of the points of a metric.

        Raises:
            Exception: A value is none that OTLP can carry.
        """
        given = tuple([point.attributes for point in points])
        places = series.places
        if not places.hold(given):
            places = self._written(given)
            # What is long hardly comes again, and would take much room.
            series.places = places if max(map(len, places.fields), default=0) <= _MAX_SIZE else NOWHERE
        return places

    def _written(self, given: tuple[Mapping[str, Any], ...]) -> Places:
        types, fields = _types(given), [self._write(attributes) for attributes in given]
        headed = [head(len(each) + self._usual_size) + each for each in fields]
        kinds = set(chain.from_iterable(types))
        return Places(given, kinds <= {str}, types if kinds <= _COMPARABLE else None, fields, headed)

    def _write(self, attributes: Mapping[str, Any]) -> bytes:
        pieces: list[bytes] = []
        self._pairs(attributes, pieces.append)
        return b"".join(pieces)


def _types(given: Iterable[Mapping[str, Any]]) -> list[list[type]]:
    return [[*map(type, attributes.values())] for attributes in given]


def head(size: int) -> bytes:
    """Return what stands before a point of `size` bytes."""
    return HEADS[size] if size < _SMALL else _POINT + varint(size)
