"""Know which span of a tracer is open where the tracer was made, for threads that no context reaches.

OpenCensus keeps one mutable span context in a tracer. A thread in which nothing is current goes by it, and
so gets a parent. OpenCensus lets every thread and task write there, which gives one request the spans of
another; here only the thread that made the tracer does, and only other threads go by it.
"""

from __future__ import annotations

from threading import get_ident
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from midspan.bridges.opencensus._span import Span
    from midspan.context import Context

__all__ = ["Home", "Parent", "ended", "parent_of", "settle_in", "started"]

_KEY = "_midspan_home"


class Home:
    """What a tracer remembers."""

    __slots__ = ("open", "thread", "written")

    def __init__(self) -> None:
        self.thread = get_ident()
        # The context of the innermost open span.
        self.open: Context | None = None
        # The span id that the bridge put into the span context; another one was put there by the
        # application, and means a parent.
        self.written: str | None = None


class Parent(NamedTuple):
    """What a span has for a parent where nothing is current."""

    open: Context | None
    span_id: str | None
    is_remote: bool


def settle_in(tracer: Any) -> None:
    """Take the present thread for the one that made the tracer."""
    tracer.__dict__[_KEY] = Home()


def parent_of(tracer: Any, stored: Any) -> Parent:
    """Return the parent of a span where nothing is current: a span of the tracer's, an id, or neither."""
    home = _home_of(tracer)
    if home.open is not None and home.thread != get_ident():
        return Parent(home.open, None, is_remote=False)
    root = getattr(tracer, "root_span_id", None)
    span_id = stored.span_id
    if home.written is not None and span_id == home.written:
        span_id = root
    return Parent(None, span_id, is_remote=span_id == root)


def started(tracer: Any, stored: Any, span: Span) -> None:
    """Note that a span of the tracer is open."""
    home = _home_of(tracer)
    if home.thread == get_ident():
        home.open = span._entered
        home.written = stored.span_id = span.span_id


def ended(tracer: Any, span: Span, above: Context) -> None:
    """Note that it is not any more, and what is above it is."""
    home = _home_of(tracer)
    if home.thread == get_ident():
        home.open = None if above.span is None else above
        parent = span.parent_span
        home.written = tracer.__dict__["span_context"].span_id = None if parent is None else parent.span_id


def _home_of(tracer: Any) -> Home:
    home: Home | None = tracer.__dict__.get(_KEY)
    if home is None:
        # It was made before the bridge was installed.
        home = tracer.__dict__.setdefault(_KEY, Home())
    return home
