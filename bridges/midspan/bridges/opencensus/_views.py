"""Find the one OpenCensus view of a native span, or make it: identity is stable, whoever started it."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any, Final

from opencensus.trace.tracers.base import NullContextManager

from midspan import trace
from midspan.bridges.opencensus._entered import view_within

if TYPE_CHECKING:
    from midspan.context import Context

__all__ = ["KEY", "OWN", "Known", "forget", "parent_of", "recall", "remember", "view_in", "view_of"]

# This bridge's place in a span's tuple of views: (key, view, key, view, ...).
KEY: Final = "opencensus"
OWN: Final = 2
# Taken only when a native span is seen from OpenCensus for the first time.
_lock = threading.Lock()


class Known:
    """What all spans of this bridge have in common: the native span that they stand for."""

    __slots__ = ()

    _native: trace.Span


def view_in(context: Context) -> Any:
    """Return the view of a context's span; None where there is none, or only that of a remote caller."""
    native = context.span
    if native is None or not native._trace_id:
        return None
    if native._limits is None and native.context.is_remote:
        return None
    view = view_within(context)
    if view is not None:
        return view
    view = view_of(native)
    if view._entered is None:
        view._seen_in = context
    return view


def view_of(native: trace.Span) -> Any:
    """Return the view of a span that has an identity."""
    return recall(native) or _make(native)


def _make(native: trace.Span) -> Any:
    from midspan.bridges.opencensus._native_view import NativeView  # noqa: PLC0415 - it rests on this module

    with _lock:
        view = recall(native)
        if view is None:
            view = NativeView(native)
            remember(native, weakref.ref(view))
        return view


def remember(native: trace.Span, reference: Any) -> None:
    """Let a view be found from its span, by the view itself or by a weak reference to it.

    Spans without identity are shared by strangers, whose views must not be.
    """
    if native._span_id:
        native._views = (*_others(native), KEY, reference)


def forget(native: trace.Span) -> None:
    """Let a span that waits for its export keep no view alive."""
    views = native._views
    if views is not None:
        native._views = None if len(views) == OWN else _others(native)


def _others(native: trace.Span) -> tuple[Any, ...]:
    views = native._views or ()
    if KEY not in views:
        return views
    index = views.index(KEY)
    return (*views[:index], *views[index + OWN :])


def recall(native: trace.Span) -> Any:
    """Return the view of a span, or None."""
    views = native._views
    if views is None or KEY not in views:
        return None
    found = views[views.index(KEY) + 1]
    return found() if type(found) is weakref.ref else found


def parent_of(native: trace.Span, above: Any = None) -> Any:
    """Return what OpenCensus calls the parent span: where only its id is known, something that has it.

    `above` is what is known of it: a view, or a native span.
    """
    if above is not None:
        return view_of(above) if isinstance(above, trace.Span) else above
    parent = native.parent
    return NullContextManager(span_id=None if parent is None else f"{parent.span_id:016x}")
