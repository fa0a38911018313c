"""OpenCensus's slot `tag_context`, kept in native baggage: there is one store of both."""

from __future__ import annotations

from typing import Any, Final

from opencensus.tags import TagContext

from midspan import context as _context
from midspan.bridges.opencensus._tags._shared import Shared, share
from midspan.bridges.opencensus._tags._tagged import Tagged
from midspan.context import _slot

__all__ = ["TagSlot", "switch"]

_ORIGINAL: Final = type(TagContext)


class TagSlot(_ORIGINAL):  # type: ignore[misc, valid-type]  # it has no types
    """The slot while tags are baggage."""

    def get(self) -> Any:
        """Return the current tags: those that OpenCensus code set, or those that baggage can be."""
        context: Any = _context.current()
        given = context.baggage
        if type(given) is Shared:
            return given.tags
        if not given:
            return None
        shared = share(given)
        # In place, as far as the same baggage reaches: what OpenCensus code puts into this map is baggage.
        while context is not None and context.baggage is given:
            context.baggage = shared
            context = getattr(context, "previous", None)
        return shared.tags

    def set(self, value: Any) -> None:
        """Make tags current, in place of all baggage that can be tags."""
        current = _context.current()
        before = share(current.baggage)
        if value is not before.tags:
            _slot.set(Tagged(current, Shared(value, before.rest)))

    def clear(self) -> None:
        """Make no tags current."""
        self.set(None)


def switch(*, on: bool) -> None:
    """Make one store of tags and baggage, or two again; what OpenCensus code has set stays current here."""
    if on is (type(TagContext) is TagSlot):
        return
    if on:
        before = TagContext.get()
        TagContext.__class__ = TagSlot
        TagContext.set(before)
        return
    current = _context.current()
    TagContext.__class__ = _ORIGINAL
    TagContext.clear()
    if isinstance(current, Tagged):
        TagContext.set(share(current.baggage).tags)
        _slot.set(current.under)
