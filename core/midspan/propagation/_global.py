"""The propagator that is in force, and the two verbs that use it. The one global of this package is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan import context as _context
from midspan.propagation import _w3c
from midspan.propagation._carrier import all_lower
from midspan.propagation._composite import Composite
from midspan.propagation._format import Format
from midspan.propagation.tracecontext import TraceContext
from midspan.propagation.w3c_baggage import Baggage

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.context import Context
    from midspan.propagation._carrier import Carrier
    from midspan.propagation._format import Propagator

__all__ = ["extract", "get_global", "inject", "set_global"]

_DEFAULT: Final = Composite([TraceContext(), Baggage()])
_propagator: Propagator = _DEFAULT
_get: Final = _context._slot.get
# The carriers that the quick way is for: `dict`, or none while another propagator is in force.
_quick: Any = dict


def get_global() -> Propagator:
    """Return the propagator that `inject` and `extract` use: W3C trace context and baggage, at first."""
    return _propagator


def set_global(propagator: Propagator | None) -> None:
    """Make `inject` and `extract` use `propagator` from now on, everywhere; None restores the first."""
    global _propagator, _quick  # noqa: PLW0603 - the one global of propagation, and what is to know of it
    _propagator = _DEFAULT if propagator is None else propagator
    # A subclass may do otherwise.
    _quick = dict if type(_propagator) is Composite and _propagator.is_w3c else None


def inject(
    carrier: Carrier, context: Context | None = None, setter: Callable[[Any, str, Any], object] | None = None
) -> None:
    """Write `context` (default: the current one) into a carrier: headers of a request, of a message.

    The carrier is a mutable mapping or a list of pairs. For anything else, `setter(carrier, name, value)`
    is called for each header.

    >>> from midspan import propagation
    >>> headers = {}
    >>> propagation.inject(headers)
    """
    if context is None:
        context = _context.current()
    try:
        if type(carrier) is _quick and setter is None and (not carrier or all_lower(carrier)):
            # What Composite.inject does as well; a call less is a tenth of the whole.
            _w3c.inject(carrier, context)
        elif setter is None:
            _propagator.inject(carrier, context)
        else:
            headers: dict[str, Any] = {}
            _propagator.inject(headers, context)
            for name, value in headers.items():
                setter(carrier, name, value)
    except Exception as error:  # noqa: BLE001 - telemetry never raises into the caller
        _trouble.report("propagation.raised", "injecting into %s failed", type(carrier), error=error)


def extract(
    carrier: Carrier, context: Context | None = None, getter: Callable[[Any], Any] | None = None
) -> Context:
    """Return `context` (default: the current one) with what a carrier holds; itself if that is nothing.

    What is found replaces the span, and is added to the baggage. The carrier is a mapping of any kind or an
    iterable of pairs; for anything else, `getter(carrier)` returns one of these.

    >>> from midspan import propagation
    >>> header = {"Traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
    >>> propagation.extract(header).span.context
    SpanContext(4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01, remote)
    """
    if context is None:
        context = _get()
        if context._left_for is not None:
            context = _context.current()
    try:
        if type(carrier) is _quick and getter is None:
            # What Composite.extract does as well; a call less is 3 % of the whole.
            try:
                found = _w3c.extract(carrier, context)
            except Exception:  # noqa: BLE001 - see there
                found = None
            return Format.extract(_DEFAULT, carrier, context) if found is None else found
        return _propagator.extract(carrier if getter is None else getter(carrier), context)
    except Exception as error:  # noqa: BLE001 - telemetry never raises into the caller
        _trouble.report("propagation.raised", "extracting from %s failed", type(carrier), error=error)
        return context
