"""What a propagator is, and what all the built-in ones have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from midspan import context as _context
from midspan.propagation import _carrier
from midspan.trace import NonRecordingSpan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan.context import Context
    from midspan.propagation._carrier import Carrier, Headers
    from midspan.trace import SpanContext

__all__ = ["Format", "Propagator", "with_remote"]


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
        if type(carrier) is dict and not carrier:
            self._inject(carrier, context)
        else:
            headers: Headers = {}
            self._inject(headers, context)
            _carrier.write(carrier, headers)

    def extract(self, carrier: Carrier, context: Context | None = None) -> Context:
        """Return `context` (default: the current one) with what `carrier` holds; itself if nothing."""
        if context is None:
            context = _context.current()
        return self._extract(_carrier.read(carrier), context)

    def _inject(self, headers: Headers, context: Context) -> None:
        """Set headers."""
        raise NotImplementedError

    def _extract(self, headers: Headers, context: Context) -> Context:
        """Read headers; total, and linear in their size."""
        raise NotImplementedError


def with_remote(context: Context, found: SpanContext) -> Context:
    """Return `context` with the span that a caller's headers name."""
    return context.with_span(NonRecordingSpan(found))
