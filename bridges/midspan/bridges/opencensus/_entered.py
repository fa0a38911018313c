"""The context that is current while an OpenCensus span is, and how to find the innermost of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import context as _context
from midspan.context import EMPTY, Context, _slot

if TYPE_CHECKING:
    from contextvars import Token

    from midspan import trace

__all__ = ["Entered", "Opened", "enter", "exit_", "innermost", "view_within"]

_get: Final = _slot.get
_set: Final = _slot.set
_reset: Final = _slot.reset
# The key under which a context's values hold the innermost of the contexts made here; native contexts
# inside inherit it, so that OpenCensus's `end_span`, which names no span, finds the right one.
_INNERMOST: Final = object()


class Opened:
    """A span that OpenCensus's tracers started and made current."""

    __slots__ = ()

    # The context in which it was made current, until it ends.
    _entered: Entered | None
    # Whether it ends with a `with` block.
    _is_block: bool

    def end_left_open(self, around: trace.Span | None) -> None:
        """End because the block of `around` has."""
        raise NotImplementedError


class Entered(Context):
    """A context that knows the OpenCensus span which is current in it."""

    __slots__ = ("place", "previous", "view")

    if not TYPE_CHECKING:  # mypy would narrow nothing to a class that has no constructor of its own
        __init__ = object.__init__  # Context's would be called

    # Whatever the application made current: one of the bridge's spans, or any object.
    view: Any
    previous: Context
    # None after it was left.
    place: Token[Context] | None

    def _outlast(self, entered: Context) -> None:
        """End what was started inside a block that is left now, has no block itself, and was ended by nobody.

        OpenCensus's integrations for databases leave the span of a failed statement so.
        """
        if type(entered) is Entered and not (isinstance(entered.view, Opened) and entered.view._is_block):
            return
        left_open = []
        inner: Context = self
        while inner is not entered and type(inner) is Entered and inner._is_left_open():
            left_open.append(inner.view)
            # Tags that were set meanwhile lie between.
            inner = getattr(inner.previous, "under", inner.previous)
        if inner is entered:
            for view in left_open:
                view.end_left_open(entered.span)

    def _is_left_open(self) -> bool:
        # One that was assigned to OpenCensus's slot may be open elsewhere, in another thread say.
        view = self.view
        return isinstance(view, Opened) and view._entered is self and not view._is_block


def enter(view: Any, native: trace.Span | None, previous: Context) -> Entered:
    """Make an OpenCensus span current, over the context `previous`."""
    # The constructor's assignments, spelled out: this is on the way of every span.
    entered: Entered = Entered()
    entered.span = native
    entered.baggage = previous.baggage
    values = previous.values
    entered.values = {**values, _INNERMOST: entered} if values else {_INNERMOST: entered}
    entered._left_for = None
    entered.view = view
    entered.previous = previous
    entered.place = _set(entered)
    return entered


def exit_(entered: Entered) -> None:
    """Make what was current before current again, wherever and in whatever order this is called."""
    previous, place = entered.previous, entered.place
    if place is None:
        return
    entered.place = None
    # Whoever still holds this context, a task say, must not hold all contexts before it; and what it holds
    # must not hold it, or every span would wait for the garbage collector.
    entered.previous = EMPTY
    entered.values = previous.values
    if _get() is entered and previous._left_for is None:
        # `leave`, spelled out for the usual case.
        try:
            _reset(place)
        except ValueError:  # It was entered in another thread or task.
            pass
        else:
            return
    _context.leave(entered, previous, place)
    current = _get()
    if type(current) is Entered and current.view is entered.view:
        # Made current a second time, in another thread say.
        exit_(current)


def view_within(context: Context) -> Any:
    """Return what OpenCensus has current in a context that native code made of one of these, or None."""
    entered = context.values.get(_INNERMOST)
    if entered is not None and entered.span is context.span:  # type: ignore[attr-defined]
        return entered.view  # type: ignore[attr-defined]
    return None


def innermost(context: Context) -> Entered | None:
    """Return the innermost context of an OpenCensus span in or around `context`, left or not."""
    if type(context) is Entered:
        return context
    return context.values.get(_INNERMOST)  # type: ignore[return-value]
