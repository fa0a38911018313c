"""`sampling.priority`: force the recording of a span, or stop it, at its start or later."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from midspan import context as _context
from midspan.bridges.opentracing import _views
from midspan.trace import INVALID, NonRecordingSpan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from midspan import trace
    from midspan.bridges.opentracing._span import Span
    from midspan.context import Context

__all__ = ["Seed", "reprioritize", "start"]


class Seed(NamedTuple):
    """All that a native span is started from: kept with an unsampled span, which may yet be forced."""

    tracer: trace.Tracer
    context: Context
    name: str
    kind: trace.SpanKind
    attributes: Mapping[str, Any] | None
    links: Sequence[trace.Link] | None
    start_ns: int | None

    def timed(self) -> Seed:
        """Return it with the time that it is, if it has none: the span began now, whenever it is forced."""
        return self if self.start_ns is not None else self._replace(start_ns=time.time_ns())


def start(seed: Seed, priority: int | None = None, ids: tuple[int, int] | None = None) -> trace.Span:
    """Start a native span, with the sampling priority that its tags ask for."""
    context = _forcing(seed.context) if priority is not None and priority > 0 else seed.context
    native = seed.tracer.start_span(
        seed.name,
        kind=seed.kind,
        attributes=seed.attributes,
        links=seed.links,
        parent=context,
        start_ns=seed.start_ns,
        ids=ids,
    )
    if native.is_recording():
        if context is not seed.context:
            native.parent = None if seed.context.span is None else seed.context.span.context
        if priority is not None and priority <= 0:
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
    native = start(seed, priority=1, ids=(view.trace_id, view.span_id))
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
