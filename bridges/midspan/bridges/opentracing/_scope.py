"""OpenTracing's scopes over the native slot: what is current natively is active here, and the reverse."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import opentracing

from midspan import context as _context
from midspan.bridges.opentracing import _no_parent, _views
from midspan.bridges.opentracing._entered import VIEW, Entered
from midspan.bridges.opentracing._span import Span, log_error
from midspan.bridges.opentracing._span_context import native_of
from midspan.context import _slot

if TYPE_CHECKING:
    from types import TracebackType

    from midspan.bridges.opentracing._tracer import Tracer
    from midspan.context import Context

__all__ = ["Scope", "ScopeManager", "enter"]


class Scope(opentracing.Scope):  # type: ignore[misc]  # it has no types
    """The time in which a span is active.

    Closing it out of order is harmless: what is active stays so. The span is then finished when nothing that
    was activated inside is active any more, as OpenTracing allows only the active scope to finish its span.
    """

    def __init__(self, manager: Any, span: Any, finish_on_close: bool) -> None:
        self._manager = manager
        self._span = span
        self._finish_on_close = finish_on_close
        self._entered: Entered | None = None
        self._previous: Context = _context.EMPTY
        self._place: Any = None

    def close(self) -> None:
        """Make what was active before active again, and finish the span if that was asked for."""
        entered = self._entered
        if entered is None:
            return
        previous = self._previous
        if _slot.get() is not entered or previous._left_for is not None or not self._reset():
            is_covered = self._is_covered(entered)
            _context.leave(entered, previous, self._place)
            if is_covered:
                return
        self._leave(entered)
        if previous._left_for is not None:
            _finish_uncovered(previous)

    def _reset(self) -> bool:
        """Restore the slot; False if this is a copy of it (an event loop's) and the original is elsewhere."""
        try:
            _slot.reset(self._place)
        except (ValueError, RuntimeError):
            return False
        return True

    def _leave(self, entered: Entered) -> None:
        # Both references are dropped: tasks may keep the context, and must not keep all contexts before it.
        self._entered = None
        self._previous = _context.EMPTY
        span = self._span
        if type(span) is Span:
            if span._entered is entered:
                span._entered = entered.other
            else:
                span.forget(entered)
        if self._finish_on_close:
            span.finish()

    def _is_covered(self, entered: Entered) -> bool:
        """Say whether another scope, activated inside this one, is the active one here."""
        context: Context = _context.current()
        while type(context) is Entered and context is not entered and context.scope._entered is context:
            context = context.scope._previous
            if context is entered:
                return True
        return False

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # OpenTracing 2.0's own method does not tell the span.
        if exc is not None:
            log_error(self._span, exc)
        self.close()

    def __repr__(self) -> str:
        return f"Scope({self._span!r})"


def _finish_uncovered(context: Context) -> None:
    """Finish the scopes that were closed while others covered them."""
    while type(context) is Entered and context._left_for is not None:
        scope = context.scope
        if scope._entered is not context:
            return
        context_before = scope._previous
        scope._leave(context)
        context = context_before


def enter(manager: Any, span: Span, finish_on_close: bool, previous: Context) -> Scope:
    """Make a span of ours active after `previous`, the current context."""
    scope = Scope(manager, span, finish_on_close)
    values = previous.values
    baggage = previous.baggage
    own = span._baggage
    if own is not baggage and own:
        baggage = {**baggage, **own} if baggage else own
    values = {**values, VIEW: span} if values else {VIEW: span}
    entered = Entered(span._native, baggage, values, scope)
    entered.other = span._entered
    span._entered = entered
    scope._entered = entered
    scope._previous = previous
    scope._place = _slot.set(entered)
    return scope


class ScopeManager(opentracing.ScopeManager):  # type: ignore[misc]  # it has no types
    """Keep the active scope in the native slot: it follows threads, tasks, greenlets as native spans do."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        _no_parent.honour(self)

    def activate(self, span: Any, finish_on_close: bool) -> Scope:
        """Make a span active, ours or any other tracer's; `finish_on_close` finishes it with the scope."""
        previous = _context.current()
        if isinstance(span, Span):
            return enter(self, span, finish_on_close, previous)
        return _enter_foreign(self, span, finish_on_close, previous)

    @property
    def active(self) -> Scope | None:
        """The active scope; for what is current natively, one that does nothing when closed."""
        context = _context.current()
        if type(context) is Entered:
            return context.scope
        view = _views.view_of(context, self._tracer.view)
        return None if view is None else _borrowed(self, view)


def _borrowed(manager: ScopeManager, view: Span) -> Scope:
    """Return the scope of a span that native code made current, the same for the same span."""
    scope = None if view._borrowed is None else view._borrowed()
    if scope is None:
        scope = Scope(manager, view, finish_on_close=False)
        view._borrowed = weakref.ref(scope)
    return scope


def _enter_foreign(manager: ScopeManager, span: Any, finish_on_close: bool, previous: Context) -> Scope:
    """Make another tracer's span active; if nothing is known of its identity, natively nothing changes."""
    scope = Scope(manager, span, finish_on_close)
    native = native_of(getattr(span, "context", None))
    entered = Entered(previous.span if native is None else native, previous.baggage, previous.values, scope)
    scope._entered = entered
    scope._previous = previous
    scope._place = _slot.set(entered)
    return scope
