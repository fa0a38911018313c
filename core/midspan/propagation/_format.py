"""What a propagator is, and what all the built-in ones have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from midspan import _trouble
from midspan import context as _context
from midspan.context import Context
from midspan.propagation import _carrier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan.propagation._carrier import Carrier, Headers

__all__ = ["ROOT_ATTRIBUTES", "Format", "Propagator"]


class _Key:
    """A key of `Context.values` that can be read in a debugger."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


# `Context.values` holds under this key a mapping of attributes that the caller's headers ask the next root
# span to carry: Jaeger's debug id, by which whoever sent it will look for the trace.
ROOT_ATTRIBUTES: Final = _Key("ROOT_ATTRIBUTES")


class Propagator(Protocol):
    """A wire format, or several: anything with these three."""

    @property
    def fields(self) -> Sequence[str]:
        """The names of the headers that `inject` may write, in lower case."""
        ...

    def inject(self, carrier: Carrier, context: Context) -> None:
        """Write what `context` holds into `carrier`, a mutable mapping or a list of pairs."""
        ...

    def extract(self, carrier: Carrier, context: Context) -> Context:
        """Return `context` with what `carrier` holds; the same object if it holds nothing."""
        ...


class Format:
    """The base of the built-in propagators: a subclass says how headers are made and read."""

    __slots__ = ()

    fields: Sequence[str] = ()

    def inject(self, carrier: Carrier, context: Context | None = None) -> None:
        """Write what `context` (default: the current one) holds into `carrier`."""
        if context is None:
            context = _context.current()
        headers: Headers = {}
        try:
            self._inject(headers, context)
        except Exception as error:  # noqa: BLE001 - baggage and third parties' formats may do anything
            _trouble.report("propagation.raised", "%s raised in inject", type(self).__name__, error=error)
        _carrier.write(carrier, headers)

    def extract(self, carrier: Carrier, context: Context | None = None) -> Context:
        """Return `context` (default: the current one) with what `carrier` holds; itself if nothing."""
        if context is None:
            context = _context.current()
        return self._found(_carrier.read(carrier), context)

    def _found(self, headers: Headers, context: Context) -> Context:
        """Return `context` with what headers hold; itself if nothing, or if they fail."""
        found = Context(context.span, context.baggage, context.values)
        try:
            return found if self._extract(headers, found) else context
        except Exception as error:  # noqa: BLE001 - names of a class of their own may raise when compared
            _trouble.report("propagation.raised", "%s raised in extract", type(self).__name__, error=error)
            return context

    def _inject(self, headers: Headers, context: Context) -> None:
        """Set headers, under lower-case names."""
        raise NotImplementedError  # pragma: no cover - there is no plain Format

    def _extract(self, headers: Headers, found: Context) -> bool:
        """Put what headers hold into `found`, a context that nobody else has seen; say if there was anything.

        Must be total, and linear in the size of the headers.
        """
        raise NotImplementedError  # pragma: no cover - as above
