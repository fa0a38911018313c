"""Let a scope manager of the user's own decide what is active, and keep the native slot in step with it.

OpenTracing's tracers accept any scope manager, and libraries test its type; so it is used as it is. What it
activates is entered into the native slot too, so that native spans nest under it and under nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import context as _context
from midspan.bridges.opentracing._convert import is_a
from midspan.bridges.opentracing._entered import VIEW
from midspan.bridges.opentracing._entered import baggage_of as under
from midspan.bridges.opentracing._span import Span
from midspan.bridges.opentracing._span_context import baggage_of, context_of, native_of
from midspan.context import Context, _slot

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["context_under", "follow", "unfollow"]

# The scope of the innermost activation by a user's manager; native contexts inside inherit it.
_MIRRORED: Final = object()


class _Mirrored(Context):
    """The context entered for one activation; `other` as in `Entered`."""

    __slots__ = ("manager", "other", "previous")

    manager: Any
    other: Any
    previous: Context


def follow(manager: Any) -> None:
    """Mirror each activation by `manager` from now on; one that allows no such thing is used all the same."""
    original = getattr(manager, "activate", None)
    if original is None or isinstance(original, _Activate):
        return
    try:
        manager.activate = _Activate(manager, original)
    except (AttributeError, TypeError):
        return


def unfollow(manager: Any) -> None:
    """Give a manager its own `activate` back."""
    if isinstance(vars(manager).get("activate") if hasattr(manager, "__dict__") else None, _Activate):
        del manager.activate


class _Activate:
    """A manager's `activate`, and the mirror behind it."""

    def __init__(self, manager: Any, original: Callable[..., Any]) -> None:
        self._manager = manager
        self._original = original

    def __call__(self, span: Any, finish_on_close: bool) -> Any:
        scope = self._original(span, finish_on_close)
        if is_a(span, Span):
            _enter(self._manager, span, scope)
        return scope


def _enter(manager: Any, span: Span, scope: Any) -> None:
    previous = _context.current()
    values = {**previous.values, VIEW: span, _MIRRORED: scope}
    entered = _Mirrored(span._native, under(span, previous), values)
    entered.manager = manager
    entered.previous = previous
    entered.other = span._entered
    try:
        scope.close = _Close(scope, entered, span)
    except (AttributeError, TypeError):
        return  # a scope that cannot tell when it is closed cannot be mirrored
    span._entered = entered
    _slot.set(entered)


class _Close:
    """A scope's `close`, and the mirror behind it."""

    def __init__(self, scope: Any, entered: _Mirrored, span: Span) -> None:
        self._scope = scope
        self._original = scope.close
        self._entered = entered
        self._span = span

    def __call__(self) -> None:
        # OpenTracing's managers close only the active scope, and ignore the call for any other.
        was_active = self._entered.manager.active is self._scope
        self._original()
        if was_active:
            _context.leave(self._entered, self._entered.previous)
            self._span.forget(self._entered)


def context_under(manager: Any) -> Context:
    """Return the context that a new span belongs to: what `manager` holds active, or is native inside it."""
    scope = manager.active
    span = None if scope is None else scope.span
    context = _context.current()
    if span is None:
        while isinstance(context, _Mirrored) and context.manager is manager:
            # Inherited natively, say by a task, where this manager does not hand on what is active.
            context = context.previous
        return context
    if context.values.get(_MIRRORED) is scope:
        return context
    if is_a(span, Span):
        return Context(span._native, span._baggage, {**context.values, VIEW: span})
    foreign = context_of(span)
    native = native_of(foreign)
    return context if native is None else Context(native, baggage_of(foreign), context.values)
