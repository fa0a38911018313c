"""OpenCensus's slot `current_span`, kept in the native slot: what is current is current for everybody."""

from __future__ import annotations

from typing import Any, Final

from opencensus.trace import execution_context
from opencensus.trace.base_span import BaseSpan

from midspan import context as _context
from midspan.bridges.opencensus import _convert
from midspan.bridges.opencensus._blank import Blank
from midspan.bridges.opencensus._entered import Entered, enter
from midspan.bridges.opencensus._native_view import NativeView
from midspan.bridges.opencensus._span import Span
from midspan.bridges.opencensus._tags import Tagged, keep
from midspan.bridges.opencensus._views import view_in
from midspan.context import Context, _slot
from midspan.trace import NonRecordingSpan, TraceFlags, TraceState

__all__ = ["NativeSlot", "put_in_place", "take_out"]

_SLOT: Final = execution_context._current_span_slot
_ORIGINAL: Final = type(_SLOT)


class NativeSlot(_ORIGINAL):  # type: ignore[misc, valid-type]  # it has no types
    """The slot while the bridge is installed."""

    def get(self) -> Any:
        """Return the OpenCensus span for what is current."""
        context = _context.current()
        if type(context) is Tagged:
            context = context.under
        return context.view if type(context) is Entered else view_in(context)

    def set(self, value: Any) -> None:
        """Make a span current; with it comes back the context, with its baggage, that it was current in.

        Tags that OpenCensus code has set are another matter, and stay.
        """
        current = _context.current()
        if type(current) is not Tagged:
            _make_current(value)
            return
        _slot.set(current.under)
        _make_current(value)
        keep(current.baggage)

    def clear(self) -> None:
        """Make no span current."""
        self.set(None)


def _make_current(value: Any) -> None:
    if value is None:
        _clear()
    elif not isinstance(value, (Span, Blank, NativeView)):
        _enter_foreign(value)
    else:
        context = value._seen_in if isinstance(value, NativeView) else value._entered
        if context is None or context._left_for is not None or getattr(context, "place", value) is None:
            enter(value, value._native, _base())
        else:
            _slot.set(context)


def _clear() -> None:
    current = _context.current()
    if current.span is not None or type(current) is Entered:
        _slot.set(Context(None, current.baggage))


def _base() -> Context:
    """Return what a span that is merely assigned lies over, without piling assignments on each other."""
    current = _context.current()
    if type(current) is not Entered or current.place is None:
        return current
    return current if getattr(current.view, "_entered", None) is current else current.previous


def _enter_foreign(value: Any) -> None:
    """Make current what is no span of the bridge's: one begun before it was installed, or any object."""
    base = _base()
    enter(value, _identity_of(value) or base.span, base)


def _identity_of(value: Any) -> NonRecordingSpan | None:
    if not isinstance(value, BaseSpan):
        return None
    stored = getattr(getattr(value, "context_tracer", None), "span_context", None)
    trace_id = _convert.number(getattr(stored, "trace_id", None), 32)
    span_id = _convert.number(getattr(value, "span_id", None), 16)
    if not trace_id or not span_id:
        return None
    return NonRecordingSpan.of_ids(trace_id, span_id, TraceFlags.SAMPLED, TraceState())


def put_in_place() -> None:
    """Turn OpenCensus's slot into the native one, and take over what is current here."""
    before = _SLOT.get()
    _SLOT.__class__ = NativeSlot
    if before is not None:
        _SLOT.set(before)


def take_out() -> None:
    """Turn it back; a span of OpenCensus's that is current here stays so."""
    current = _SLOT.get()
    _SLOT.__class__ = _ORIGINAL
    _SLOT.set(None if isinstance(current, (NativeView, Blank)) else current)
