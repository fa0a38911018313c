"""Know which span of a tracer is open where the tracer was made, for threads that no context reaches.

OpenCensus keeps one mutable span context in a tracer. A thread in which nothing is current goes by it, and
so gets a parent. OpenCensus lets every thread and task write there, which gives one request the spans of
another; here only the thread that made the tracer does, and only other threads go by it.
"""

from __future__ import annotations

from threading import get_ident
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from midspan.bridges.opencensus._entered import Entered
    from midspan.bridges.opencensus._span import Span

__all__ = ["Home", "ended", "found", "settled", "started"]

_KEY = "_midspan_home"


class Home:
    """What a tracer remembers."""

    __slots__ = ("open", "thread", "written")

    def __init__(self) -> None:
        self.thread = get_ident()
        self.open: Entered | None = None
        # The span id that was put into the span context by the bridge; another one was put there by the
        # application, and means a parent.
        self.written: str | None = None


def settled(tracer: Any) -> None:
    """Take the present thread for the one that made the tracer."""
    tracer.__dict__[_KEY] = Home()


class Parent(NamedTuple):
    """What a span has for a parent where nothing is current."""

    open: Entered | None
    span_id: str | None
    is_remote: bool


def found(tracer: Any, stored: Any) -> Parent:
    """Return the parent of a span where nothing is current: a span of the tracer's, or an id, or neither."""
    home = _home_of(tracer)
    if home.thread != get_ident() and home.open is not None:
        return Parent(home.open, None, False)
    root = getattr(tracer, "root_span_id", None)
    span_id = root if home.written is not None and stored.span_id == home.written else stored.span_id
    return Parent(None, span_id, span_id == root)


def started(tracer: Any, stored: Any, span: Span, entered: Entered) -> None:
    """Note that a span of the tracer is open."""
    home = _home_of(tracer)
    if home.thread == get_ident():
        home.open = entered
        home.written = stored.span_id = span.span_id


def ended(tracer: Any, span: Span, entered: Entered) -> None:
    """Note that it is not any more."""
    home = _home_of(tracer)
    if home.thread == get_ident():
        parent = span.parent_span
        home.open = _above(entered)
        home.written = tracer.__dict__["span_context"].span_id = None if parent is None else parent.span_id
