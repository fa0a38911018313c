"""Stores: all streams of one instrument, and what the instrument finds its series by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan.sdk._attributes import cleaned
from midspan.sdk._streams import DEFAULT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from midspan.metrics import Instrument
    from midspan.sdk._streams import Stream

__all__ = ["Store"]

# How many spellings of attribute sets an instrument remembers for each series that it may have.
_SPELLINGS: Final = 4


class Store:
    """All streams of one instrument; what `Instrument` looks its series up in."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self._streams: dict[Any, Stream] = {}

    @property
    def streams(self) -> list[Stream]:
        """All streams, those of every reader's wish."""
        return list(self._streams.values())

    def add(self, key: Any, make: Callable[[], Stream | None]) -> bool:  # noqa: ANN401 - any hashable
        """Make a stream unless there is one by that key; say whether there is a new one."""
        if key in self._streams:
            return False
        made = make()
        # Two threads that meet here get the one that came first.
        return made is not None and self._streams.setdefault(key, made) is made

    def drop(self, wish: object) -> list[Stream]:
        """Take out the streams that only readers of a wish were told; return them."""
        keys = [key for key, stream in list(self._streams.items()) if stream.wish == wish]
        return [self._streams.pop(key) for key in keys]

    @property
    def room(self) -> int:
        """How many spellings to remember: a view may map any number of attribute sets to one series."""
        return _SPELLINGS * max((stream.limit for stream in self.streams), default=DEFAULT_LIMIT)

    def updater(self, attributes: Mapping[str, Any] | None) -> tuple[Callable[[Any], object], bool]:
        """Return what takes a measurement, and whether these attributes have series of their own."""
        given = cleaned(attributes)
        found = [stream.updater(given) for stream in self.streams]
        fits = all(each for _, each in found)
        return found[0][0] if len(found) == 1 else _fan_out([update for update, _ in found]), fits


def _fan_out(updates: list[Callable[[Any], object]]) -> Callable[[Any], object]:
    def update(amount: Any) -> None:  # noqa: ANN401 - any number
        for each in updates:
            each(amount)

    return update
