"""Speak several formats at once: how a fleet that cannot change in one day migrates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from midspan import _trouble
from midspan.propagation._format import Format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from midspan.context import Context
    from midspan.propagation._carrier import Headers
    from midspan.propagation._format import Propagator

__all__ = ["Composite"]


class Composite(Format):
    """Inject every format; extract by order of preference.

    The first format that finds a valid span context provides the span. Baggage of all formats is merged;
    where two differ about a name, the format that stands first is believed.
    """

    __slots__ = ("_extracts", "_injects", "fields", "members")

    def __init__(self, members: Iterable[Propagator]) -> None:
        """Take propagators, the preferred one first."""
        self.members = tuple(members)
        self.fields = tuple(dict.fromkeys(field for member in self.members for field in member.fields))
        # Each finds what the less preferred ones found before it, and puts its own in their place.
        self._injects = [_injector(member) for member in reversed(self.members)]
        self._extracts = [_extractor(member) for member in reversed(self.members)]

    def _inject(self, headers: Headers, context: Context) -> None:
        for inject in self._injects:
            inject(headers, context)

    def _extract(self, headers: Headers, context: Context) -> Context:
        for extract in self._extracts:
            context = extract(headers, context)
        return context

    def __repr__(self) -> str:
        return f"Composite({list(self.members)!r})"


def _injector(member: Propagator) -> Callable[[Headers, Context], None]:
    if isinstance(member, Format):
        return member._inject

    def inject(headers: Headers, context: Context) -> None:
        try:
            member.inject(headers, context)
        except Exception as error:  # noqa: BLE001 - a third party's format must not silence the others
            _trouble.report("propagation.raised", "%s raised in inject", type(member).__name__, error=error)

    return inject


def _extractor(member: Propagator) -> Callable[[Headers, Context], Context]:
    if isinstance(member, Format):
        return member._extract

    def extract(headers: Headers, context: Context) -> Context:
        try:
            return member.extract(headers, context)
        except Exception as error:  # noqa: BLE001 - as above
            _trouble.report("propagation.raised", "%s raised in extract", type(member).__name__, error=error)
            return context

    return extract
