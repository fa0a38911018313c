"""Find the one OpenTracing view of a native span, or make it: identity is stable, whoever started it."""

from __future__ import annotations

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
# Views that are being made, by the identity of their span: whichever thread is first, its view counts. A lock
# would do as well, but not in a signal handler, in a finaliser or after a fork.
_making: dict[int, Span] = {}


def view_of(context: Context, make: Callable[[Context], Span]) -> Span | None:
    """Return the view of the context's span; None if there is neither a span nor baggage.

    It lives as long as something runs under the context. Where there is baggage alone, it is the view of a
    span without identity.
    """
    native = context.span
    view: Span | None = context.values.get(VIEW)  # type: ignore[assignment]
    if view is not None and view._native is native:
        return view
    if native is None:
        if not context.baggage:
            return None
        # Equal to no span for all native code; but the view needs something to be a view of.
        native = context.span = NonRecordingSpan(INVALID)
    view = _recall(native) or _agreed(native, make(context))
    context.values = {**context.values, VIEW: view}
    return view


def view_of_span(native: trace.Span, make: Callable[[Context], Span]) -> Span:
    """Return the view of a native span that is not current; it lives as long as whoever gets it keeps it."""
    return _recall(native) or _agreed(native, make(_context.current().with_span(native)))


def _agreed(native: trace.Span, made: Span) -> Span:
    """Return the view that all threads take which make one for a span at the same time."""
    view = _making.setdefault(id(native), made)
    # Another thread may have been done between our look and our entry.
    found = _recall(native)
    if found is None:
        remember(native, view)
        found = view
    _making.pop(id(native), None)
    return found


def remember(native: trace.Span, view: Span) -> None:
    """Let the view be found from its span, weakly: a span that waits for its export keeps no view alive.

    Spans without identity are shared by strangers, whose views must not be.
    """
    if native.context.is_valid and _recall(native) is not view:
        reference = weakref.ref(view)
        views = native._views or ()
        native._views = (*_without(views), _KEY, reference)


def _recall(native: trace.Span) -> Span | None:
    views = native._views
    if views is None or _KEY not in views:
        return None
    view: Span | None = views[views.index(_KEY) + 1]()
    return view


def _without(views: tuple[Any, ...]) -> tuple[Any, ...]:
    if _KEY not in views:
        return views
    index = views.index(_KEY)
    return (*views[:index], *views[index + 2 :])
