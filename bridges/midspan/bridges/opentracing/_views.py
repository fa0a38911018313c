"""Find the one OpenTracing view of a native span, or make it: identity is stable, whoever started it."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any, Final

from midspan import context as _context
from midspan.bridges.opentracing._entered import VIEW
from midspan.trace import INVALID, NonRecordingSpan

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan import trace
    from midspan.bridges.opentracing._span import Span
    from midspan.context import Context

__all__ = ["remember", "view_of", "view_of_span"]

# This bridge's place in a span's tuple of views: (key, view, key, view, ...).
_KEY: Final = "opentracing"
# Taken only when a native span is seen from OpenTracing for the first time.
_lock = threading.Lock()


def view_of(context: Context, make: Callable[[Context], Span]) -> Span | None:
    """Return the view of the context's span; None if there is neither a span nor baggage.

    Where there is baggage alone, the view is that of a span without identity.
    """
    native = context.span
    view: Span | None = context.values.get(VIEW)  # type: ignore[assignment]
    if view is not None and view._native is native:
        return view
    if native is None and not context.baggage:
        return None
    with _lock:
        return _recall(native) or _keep(context, make)


def view_of_span(native: trace.Span, make: Callable[[Context], Span]) -> Span:
    """Return the view of a native span that is not current; it lives as long as whoever gets it keeps it."""
    with _lock:
        view = _recall(native)
        if view is None:
            view = make(_context.current().with_span(native))
            remember(native, view)
        return view


def _keep(context: Context, make: Callable[[Context], Span]) -> Span:
    """Make a view that lives as long as something runs under the context."""
    if context.span is None:
        # Equal to no span for all native code; but the view needs something to be a view of.
        context.span = NonRecordingSpan(INVALID)
    view = make(context)
    context.values = {**context.values, VIEW: view}
    remember(context.span, view)
    return view


def remember(native: trace.Span, view: Span) -> None:
    """Let the view be found from its span, weakly: a span that waits for its export keeps no view alive.

    Spans without identity are shared by strangers, whose views must not be.
    """
    if native.context.is_valid and _recall(native) is not view:
        reference = weakref.ref(view)
        views = native._views or ()
        native._views = (*_without(views), _KEY, reference)


def _recall(native: trace.Span | None) -> Span | None:
    views = None if native is None else native._views
    if views is None or _KEY not in views:
        return None
    view: Span | None = views[views.index(_KEY) + 1]()
    return view


def _without(views: tuple[Any, ...]) -> tuple[Any, ...]:
    if _KEY not in views:
        return views
    index = views.index(_KEY)
    return (*views[:index], *views[index + 2 :])
