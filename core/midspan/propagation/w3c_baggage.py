"""W3C Baggage: `baggage`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan.propagation import _baggage
from midspan.propagation._carrier import several
from midspan.propagation._format import Format

if TYPE_CHECKING:
    from midspan.context import Context
    from midspan.propagation._carrier import Headers

__all__ = ["Baggage"]


class Baggage(Format):
    """Carries baggage with the properties of its members, up to 64 members and 8,192 bytes."""

    __slots__ = ("_name", "fields")

    def __init__(self, header: str = "baggage") -> None:
        """Take the name of the header, which older drafts called otherwise."""
        self._name: Final = header.lower()
        self.fields = (self._name,)

    def _inject(self, headers: Headers, context: Context) -> None:
        if context.baggage:
            text = _baggage.encode(context.baggage)
            if text:
                headers[self._name] = text

    def _extract(self, headers: Headers, context: Context) -> Context:
        text = several(headers, self._name)
        found = _baggage.decode(text) if text else None
        return context.with_baggage({**context.baggage, **found}) if found else context
