"""`sampling.priority`: force the recording of a span, or stop it, at its start or later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from midspan import context as _context
from midspan.bridges.opentracing import _views
from midspan.trace import INVALID, NonRecordingSpan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from midspan import trace
    from midspan.bridges.opentracing._span import Span
    from midspan.context import Context

__all__ = ["Seed", "reprioritize", "start"]


# All that a native span is started from: name, context, kind, attributes, links, start in nanoseconds. It is
# kept with an unsampled span, which may yet be forced; a plain tuple, because most spans are unsampled.
Seed: TypeAlias = (
    "tuple[str, Context, trace.SpanKind, Mapping[str, Any] | None, Sequence[trace.Link] | None, int | None]"
)


def start(
    tracer: trace.Tracer, seed: Seed, priority: int | None = None, ids: tuple[int, int] | None = None
) -> trace.Span:
    """Start a native span, with the sampling priority that its tags ask for."""
    name, context, kind, attributes, links, start_ns = seed
    is_forced = priority is not None and priority > 0
    native = tracer.start_span(
        name,
        kind=kind,
        attributes=attributes,
        links=links,
        parent=_forcing(context) if is_forced else context,
        start_ns=start_ns,
        ids=ids,
    )
    if native.is_recording():
        if is_forced:
            native.parent = None if context.span is None else context.span.context
        elif priority is not None:
            native.withdraw()
    return native


def _forcing(context: Context) -> Context:
    """Return the context with a parent that demands recording, as a debug flag on the wire does."""
    parent = INVALID if context.span is None else context.span.context
    # Not remote: what callers from outside may force is limited, what this process asks for is not.
    return context.with_span(NonRecordingSpan(parent._replace(is_debug=True, is_remote=False)))


def reprioritize(view: Span, priority: int) -> None:
    """Carry out a `sampling.priority` tag that is set on a span which has started."""
    native = view._native
    if native.is_recording():
        if priority > 0:
            native.force()
        else:
            native.withdraw()
    elif priority > 0 and view._seed is not None:
        _promote(view, view._seed)
    view._kept_context = None


def _promote(view: Span, seed: Seed) -> None:
    """Start the unsampled span anew, with the same ids and time; what was set on it before is lost."""
    before = view._native
    native = start(view.tracer.native, seed, priority=1, ids=(view.trace_id, view.span_id))
    if not native.is_recording():
        return
    view._native = native
    view._seed = None
    _views.remember(native, view)
    entered = view._entered
    while entered is not None:
        entered.span = native
        entered = entered.other
    current = _context.current()
    if current.span is before:
        current.span = native
