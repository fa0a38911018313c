"""Speak several formats at once: how a fleet that cannot change in one day migrates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midspan import _trouble
from midspan import context as _context
from midspan.context import Context
from midspan.propagation import _w3c
from midspan.propagation._carrier import all_lower
from midspan.propagation._format import Format
from midspan.propagation.tracecontext import TraceContext
from midspan.propagation.w3c_baggage import Baggage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from midspan.propagation._carrier import Carrier, Headers
    from midspan.propagation._format import Propagator

__all__ = ["Composite"]

_W3C = {TraceContext, Baggage}


class Composite(Format):
    """Inject every format; extract by order of preference.

    The first format that finds a valid span context provides the span. Baggage of all formats is merged;
    where two differ about a name, the format that stands first is believed.
    """

    # It is the pair of W3C formats, and nothing else: there is a quicker way then.
    is_w3c: bool

    __slots__ = ("_extracts", "_injects", "fields", "is_w3c", "members")

    def __init__(self, members: Iterable[Propagator]) -> None:
        """Take propagators, the preferred one first; composites among them are taken apart."""
        self.members = tuple(_flat(members))
        self.is_w3c = len(self.members) == len(_W3C) and set(map(type, self.members)) == _W3C
        self.fields = tuple(dict.fromkeys(field for member in self.members for field in member.fields))
        # The less preferred come first, for each puts what it finds in the place of what was found before.
        formats = [
            member if isinstance(member, Format) else _Foreign(member) for member in self.members[::-1]
        ]
        self._injects = tuple(each._inject for each in formats)
        self._extracts = tuple(each._extract for each in formats)

    def inject(self, carrier: Carrier, context: Context | None = None) -> None:
        """Write what `context` (default: the current one) holds into `carrier`."""
        if self.is_w3c and type(carrier) is dict and (not carrier or all_lower(carrier)):
            try:
                _w3c.inject(carrier, _context.current() if context is None else context)
            except Exception as error:  # noqa: BLE001 - baggage may be a mapping of the application's own
                _report(self, "inject", error)
        else:
            super().inject(carrier, context)

    def extract(self, carrier: Carrier, context: Context | None = None) -> Context:
        """Return `context` (default: the current one) with what `carrier` holds; itself if nothing."""
        if context is None:
            context = _context.current()
        if self.is_w3c and type(carrier) is dict:
            found = _quick(carrier, context)
            if found is not None:
                return found
        return super().extract(carrier, context)

    def _found(self, headers: Headers, context: Context) -> Context:
        """Try the quick way, now that names are in lower case, before the careful one."""
        return (self.is_w3c and _quick(headers, context)) or super()._found(headers, context)

    def _inject(self, headers: Headers, context: Context) -> None:
        for inject in self._injects:
            inject(headers, context)

    def _extract(self, headers: Headers, found: Context) -> bool:
        anything = False
        for extract in self._extracts:
            if extract(headers, found):
                anything = True
        return anything

    def __repr__(self) -> str:
        return f"Composite({list(self.members)!r})"


def _quick(headers: dict[Any, Any], context: Context) -> Context | None:
    try:
        return _w3c.extract(headers, context)
    except Exception:  # noqa: BLE001 - no text, or names that raise when they are compared: take more care
        return None


def _flat(members: Iterable[Propagator]) -> Iterable[Propagator]:
    for member in members:
        if isinstance(member, Composite):
            yield from member.members
        else:
            yield member


class _Foreign(Format):
    """A propagator that is not ours: it must not silence the others when it fails."""

    __slots__ = ("_member",)

    def __init__(self, member: Propagator) -> None:
        self._member = member

    def _inject(self, headers: Headers, context: Context) -> None:
        try:
            self._member.inject(headers, context)
        except Exception as error:  # noqa: BLE001 - see above
            _report(self._member, "inject", error)

    def _extract(self, headers: Headers, found: Context) -> bool:
        given = Context(found.span, found.baggage, found.values)
        try:
            result = self._member.extract(headers, given)
            found.span, found.baggage, found.values = result.span, result.baggage, result.values
            return result is not given
        except Exception as error:  # noqa: BLE001 - see above
            _report(self._member, "extract", error)
            return False


def _report(member: Propagator, verb: str, error: Exception) -> None:
    _trouble.report("propagation.raised", "%s raised in %s", type(member).__name__, verb, error=error)
