"""Find the one OpenCensus view of a native span, or make it: identity is stable, whoever started it."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any, Final

from opencensus.trace.tracers.base import NullContextManager

if TYPE_CHECKING:
    from midspan import trace
    from midspan.context import Context

__all__ = ["Known", "parent_of", "recall", "remember", "view_in", "view_of"]

# This bridge's place in a span's tuple of views: (key, view, key, view, ...).
_KEY: Final = "opencensus"
# Taken only when a native span is seen from OpenCensus for the first time.
_lock = threading.Lock()


class Known:
    """What all spans of this bridge have in common: the native span that they stand for."""

    _native: trace.Span


def view_in(context: Context) -> Any:
    """Return the view of a context's span; None where there is none, or only that of a remote caller."""
    native = context.span
    if native is None or not native._trace_id:
        return None
    if native._limits is None and native.context.is_remote:
        return None
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
            remember(native, view)
        return view


def remember(native: trace.Span, view: Any) -> None:
    """Let the view be found from its span, weakly: a span that waits for its export keeps no view alive.

    Spans without identity are shared by strangers, whose views must not be.
    """
    if native._span_id:
        native._views = (_KEY, weakref.ref(view)) if native._views is None else _with(native._views, view)


def _with(views: tuple[Any, ...], view: Any) -> tuple[Any, ...]:
    if _KEY in views:
        index = views.index(_KEY)
        views = (*views[:index], *views[index + 2 :])
    return (*views, _KEY, weakref.ref(view))


def recall(native: trace.Span) -> Any:
    """Return the view of a span, or None."""
    views = native._views
    if views is None or _KEY not in views:
        return None
    return views[views.index(_KEY) + 1]()


def parent_of(native: trace.Span) -> Any:
    """Return what OpenCensus calls the parent span: where only its id is known, something that has it."""
    parent = native.parent
    return NullContextManager(span_id=None if parent is None else f"{parent.span_id:016x}")
