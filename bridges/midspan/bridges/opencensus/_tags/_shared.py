"""Baggage that is an OpenCensus tag map: whoever changes the one has changed the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from opencensus.tags import TagKey, TagMap, TagValue
from opencensus.tags.validation import is_valid_tag_name, is_valid_tag_value

from midspan import _trouble
from midspan.baggage import Value

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, KeysView, ValuesView

__all__ = ["Shared", "share"]


class _Named(str):
    """A name that knows its value: it may be gone from the map when its value is asked for."""

    __slots__ = ("value",)

    value: str

    def __new__(cls, name: str, value: str) -> _Named:  # noqa: PYI034 - Self is newer than Python 3.10
        named = super().__new__(cls, name)
        named.value = value
        return named


class Shared(Mapping[str, str]):
    """The tags of a map, as they are now, and the baggage that can be no tags.

    OpenCensus code changes the map that is current in place, at any time and in any thread.
    """

    __slots__ = ("_read", "rest", "tags")

    def __init__(self, tags: Any, rest: Mapping[str, str]) -> None:
        """Take what OpenCensus code made current: a `TagMap`, None, or any object, which then has no tags."""
        self.tags = tags
        self.rest = rest
        # What the map held when it was read last, and what that is as baggage.
        self._read: tuple[list[Any], dict[str, str]] = ([], dict(rest))

    def _now(self) -> dict[str, str]:
        seen, known = self._read
        try:
            # An ordered dictionary that changes while it is read raises, once in a blue moon.
            pairs = list(getattr(self.tags, "map", {}).items())
            if pairs != seen:
                known = {**self.rest, **_baggage(pairs)}
                self._read = (pairs, known)
        except RuntimeError:
            return known
        except Exception as error:  # noqa: BLE001 - whatever the application made current
            _trouble.report("opencensus.tags", "tags could not be read", error=error)
        return known

    def __getitem__(self, name: str) -> str:
        return name.value if type(name) is _Named else self._now()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def __contains__(self, name: object) -> bool:
        return name in self._now()

    def get(self, name: str, default: Any = None) -> Any:
        """Return one value, or the default."""
        return self._now().get(name, default)

    def keys(self) -> KeysView[str]:
        """Return the names as they are now; `dict(shared)` asks for them before it asks for each value."""
        return {_Named(name, value): None for name, value in self._now().items()}.keys()

    def items(self) -> ItemsView[str, str]:
        """Return names and values as they are now."""
        return self._now().items()

    def values(self) -> ValuesView[str]:
        """Return the values as they are now."""
        return self._now().values()

    def __repr__(self) -> str:
        return repr(self._now())


def share(baggage: Mapping[str, str]) -> Shared:
    """Return baggage with a tag map of those members that can be tags; None if there are none."""
    if type(baggage) is Shared:
        return baggage
    tags: list[tuple[Any, Any]] = []
    rest: dict[str, str] = {}
    for name, value in _items(baggage):
        if _can_be_tag(name, value):
            # What came with properties keeps them, as long as nobody sets another value.
            tags.append((TagKey(name), value if type(value) is Value else TagValue(value)))
        else:
            rest[name] = value
            _trouble.report("opencensus.tags", "baggage %s can be no tag: OpenCensus does not see it", name)
    return Shared(TagMap(tags) if tags else None, rest)


def _items(baggage: Mapping[str, str]) -> list[tuple[Any, Any]]:
    try:
        return list(baggage.items())
    except Exception as error:  # noqa: BLE001 - a mapping of the application's own may fail anywhere
        _trouble.report("opencensus.tags", "baggage could not be read", error=error)
        return []


def _baggage(pairs: list[Any]) -> dict[str, str]:
    """Return tags as baggage; what OpenCensus allows no tag to be, but lets in, is skipped."""
    found = {}
    for name, value in pairs:
        if _can_be_tag(name, value):
            found[_trouble.safe_str(name)] = value if type(value) is Value else _trouble.safe_str(value)
        else:
            _trouble.report("opencensus.tags", "tag %s can be no baggage: it is left out", name)
    return found


def _can_be_tag(name: object, value: object) -> bool:
    if not isinstance(name, str) or not isinstance(value, str):
        return False
    return is_valid_tag_name(name) and is_valid_tag_value(value)  # type: ignore[no-any-return]  # no types
