"""W3C Baggage: `baggage`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from midspan.propagation import _baggage
from midspan.propagation._carrier import several
from midspan.propagation._format import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan.context import Context
    from midspan.propagation._carrier import Headers

__all__ = ["Baggage"]


class Baggage(Format):
    """Carries baggage with the properties of its members, up to 64 members and 8,192 bytes."""

    __slots__ = ()

    fields: Sequence[str] = ("baggage",)

    def _inject(self, headers: Headers, context: Context) -> None:
        if context.baggage:
            text = _baggage.encode(context.baggage)
            if text:
                headers[self.fields[0]] = text

    def _extract(self, headers: Headers, found: Context) -> bool:
        text = several(headers, self.fields[0], _baggage.MAX_BYTES)
        members = _baggage.decode(text) if text else None
        if not members:
            return False
        found.baggage = {**found.baggage, **members} if found.baggage else members
        return True
