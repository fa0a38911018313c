"""OpenTracing's scopes over the native slot: what is current natively is active here, and the reverse."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import opentracing

from midspan import context as _context
from midspan import trace
from midspan.bridges.opentracing import _no_parent, _views
from midspan.bridges.opentracing._convert import is_a
from midspan.bridges.opentracing._entered import VIEW, Entered, baggage_of
from midspan.bridges.opentracing._span import Span, log_error
from midspan.bridges.opentracing._span_context import context_of, native_of
from midspan.context import Context, _slot

if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType

    from midspan.bridges.opentracing._tracer import Tracer

__all__ = ["Scope", "ScopeManager", "enter"]


class Scope(opentracing.Scope):  # type: ignore[misc]  # it has no types
    """The time in which a span is active.

    Closing it out of order is harmless: what is active stays so. The span is then finished when nothing that
    was activated inside is active any more, as OpenTracing allows only the active scope to finish its span.
    """

    # OpenTracing has a property for `span`, which costs a call each time. That there is a `__dict__` besides
    # is its doing; slots are stored to twice as fast.
    __slots__ = ("_covers_closed", "_entered", "_finish_on_close", "_manager", "_place", "span")

    span: Any

    def __init__(self, manager: Any, span: Any, finish_on_close: bool) -> None:
        """Make a scope that has not been entered; see `enter`."""
        self._manager = manager
        self.span = span
        self._finish_on_close = finish_on_close
        self._entered: Entered | None = None
        self._place: Token[Context] | None = None
        # Scopes around this one were closed before it.
        self._covers_closed = False

    def close(self) -> None:
        """Make what was active before active again, and finish the span if that was asked for."""
        entered = self._entered
        if entered is None:
            return
        if _slot.get() is not entered or self._covers_closed:
            self._close_out_of_place(entered)
            return
        try:
            _slot.reset(self._place)  # type: ignore[arg-type]
        except (ValueError, RuntimeError):
            # A copy of the slot (an event loop's): the original is elsewhere.
            self._close_out_of_place(entered)
            return
        # `_left`, spelled out.
        self._entered = self._place = None
        span = self.span
        if span._entered is entered:
            span._entered = entered.other
        else:
            span.forget(entered)
        if self._finish_on_close:
            span.finish()

    def _close_out_of_place(self, entered: Entered) -> None:
        previous = self._previous()
        cover = self._cover(entered)
        _context.leave(entered, previous, self._place)
        if cover is None:
            self._left(entered)
            _finish_uncovered(previous)
        else:
            cover._covers_closed = True

    def _left(self, entered: Entered) -> None:
        # Both references are dropped: tasks may keep the context, and must not keep all contexts before it.
        self._entered = self._place = None
        self.span.forget(entered)
        if self._finish_on_close:
            self.span.finish()

    def _previous(self) -> Context:
        """Return what was current when this scope was entered."""
        found = None if self._place is None else self._place.old_value
        return found if isinstance(found, Context) else _context.EMPTY

    def _cover(self, entered: Entered) -> Scope | None:
        """Return the scope that was activated inside this one and is active here, or contains what is."""
        context: Context = _context.current()
        while type(context) is Entered and context is not entered and context.scope._entered is context:
            scope = context.scope
            context = scope._previous()
            if context is entered:
                return scope
        return None

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # OpenTracing 2.0's own method does not tell the span.
        if exc is not None:
            log_error(self.span, exc)
        self.close()

    def __repr__(self) -> str:
        return f"Scope({self.span!r})"


def _finish_uncovered(context: Context) -> None:
    """Finish the scopes that were closed while others covered them."""
    while type(context) is Entered and context._left_for is not None and context.scope._entered is context:
        scope = context.scope
        before = scope._previous()
        scope._left(context)
        context = before


class _ForeignScope(Scope):
    """The scope of another tracer's span, which knows nothing of contexts."""

    def close(self) -> None:
        """Close it the long way, which asks nothing of the span but `finish`."""
        if self._entered is not None:
            self._close_out_of_place(self._entered)

    def _left(self, entered: Entered) -> None:  # noqa: ARG002 - nobody but our own spans keeps it
        self._entered = self._place = None
        if self._finish_on_close:
            self.span.finish()


def enter(manager: Any, span: Span, finish_on_close: bool, previous: Context) -> Scope:
    """Make a span of ours active after `previous`, the current context."""
    scope = Scope(manager, span, finish_on_close)
    values = {**previous.values, VIEW: span}
    entered = scope._entered = Entered(span._native, baggage_of(span, previous), values)
    entered.scope = scope
    entered.other = span._entered
    span._entered = entered
    scope._place = _slot.set(entered)
    return scope


class ScopeManager(opentracing.ScopeManager):  # type: ignore[misc]  # it has no types
    """Keep the active scope in the native slot: it follows threads, tasks, greenlets as native spans do."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        _no_parent.honour(self)

    def activate(self, span: Any, finish_on_close: bool) -> Scope:
        """Make a span active: ours, a native one, or any other tracer's; closing the scope may finish it."""
        previous = _context.current()
        if is_a(span, trace.Span):
            span = _views.view_of_span(span, self._tracer.view)
        if is_a(span, Span):
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
    scope = _ForeignScope(manager, span, finish_on_close)
    native = native_of(context_of(span))
    entered = Entered(previous.span if native is None else native, previous.baggage, previous.values)
    entered.scope = scope
    scope._entered = entered
    scope._place = _slot.set(entered)
    return scope
