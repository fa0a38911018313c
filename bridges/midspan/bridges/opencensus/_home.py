"""Know which span of a tracer is open where the tracer was made, for threads that no context reaches.

OpenCensus keeps one mutable span context in a tracer. A thread in which nothing is current goes by it, and
so gets a parent. OpenCensus lets every thread and task write there, which gives one request the spans of
another; here only the thread that made the tracer does, and only other threads go by it.
"""

from __future__ import annotations

from threading import get_ident
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan.bridges.opencensus import _convert
from midspan.bridges.opencensus._entered import Opened, innermost, view_within

if TYPE_CHECKING:
    from midspan.context import Context

__all__ = ["GIVEN", "KEY", "Home", "Parent", "home_of", "is_left_behind", "parent_of", "settle_in"]

# Where a tracer's `__dict__` holds it.
KEY: Final = "_midspan_home"
# Is there if the application, or an integration that asked a propagator, gave the tracer its span context.
GIVEN: Final = "_midspan_given"


class Home:
    """What a tracer remembers."""

    __slots__ = ("_trace_id", "_trace_text", "open", "thread", "written")

    def __init__(self) -> None:
        self.thread = get_ident()
        # The context of the innermost open span.
        self.open: Context | None = None
        # The span id that the bridge put into the span context; another one was put there by the
        # application, and means a parent.
        self.written: str | None = None
        self._trace_text: str | None = None
        self._trace_id = 0

    def trace_id(self, text: Any) -> int:
        """Return the number of a trace id, which is nearly always the one that was asked for before."""
        if text is not self._trace_text:
            self._trace_id = _convert.number(text, 32)
            self._trace_text = text
        return self._trace_id


class Parent(NamedTuple):
    """What a span has for a parent where nothing is current."""

    open: Context | None
    span_id: str | None
    is_remote: bool


def settle_in(tracer: Any) -> None:
    """Take the present thread for the one that made the tracer."""
    tracer.__dict__[KEY] = Home()


def home_of(tracer: Any) -> Home:
    """Return what a tracer remembers."""
    home: Home | None = tracer.__dict__.get(KEY)
    if home is None:
        # It was made before the bridge was installed.
        home = tracer.__dict__.setdefault(KEY, Home())
    return home


def parent_of(tracer: Any, home: Home, stored: Any) -> Parent:
    """Return the parent of a span where nothing is current: a span of the tracer's, an id, or neither."""
    if home.open is not None and home.thread != get_ident():
        above = _still_open(home.open)
        if above is not None:
            return Parent(above, None, is_remote=False)
    root = getattr(tracer, "root_span_id", None)
    span_id = stored.span_id
    if home.written is not None and span_id == home.written:
        span_id = root
    return Parent(None, span_id, is_remote=span_id == root)


def is_left_behind(context: Context, tracer: Any, stored: Any) -> bool:
    """Say whether a span of OpenCensus's is current that is none of a tracer's which was told its trace.

    Some integrations leave a span open, and current, when a request fails, and threads of a pool keep what
    was current when they were started: a later request's trace is not to be taken for a part of it.
    """
    own = tracer.__dict__
    span = context.span
    if GIVEN not in own or span is None or span._trace_id == _convert.number(stored.trace_id, 32):
        return False
    view = view_within(context)
    whose = getattr(view, "context_tracer", None) if isinstance(view, Opened) else None
    return whose is not None and whose is not tracer and whose is not own.get("tracer")


def _still_open(context: Context) -> Context | None:
    """Return the context if its span is open, else OpenCensus's own around it if that is, else None.

    A native span in which the tracer's last one ended may have ended since: it tells nobody here.
    """
    native = context.span
    if native is None or native.end_ns is None:
        return context
    around = innermost(context)
    return None if around is None or around.place is None else around
