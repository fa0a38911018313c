"""The OpenCensus span that the bridge makes: a real one, whose parts come into being when first touched.

It is the buffer that OpenCensus code reads and changes. The native span beside it starts with it, and takes
its final state when it ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opencensus.trace import span as oc_span
from opencensus.trace.attributes import Attributes as OCAttributes
from opencensus.trace.span_context import generate_span_id
from opencensus.trace.stack_trace import StackTrace
from opencensus.trace.status import Status

from midspan.bridges.opencensus import _convert, _end
from midspan.bridges.opencensus._buffers import Annotation, Attributes, Lazy, now_ns
from midspan.bridges.opencensus._entered import Opened
from midspan.bridges.opencensus._start import start_below
from midspan.bridges.opencensus._state import STATE
from midspan.bridges.opencensus._views import KEY, Known, parent_of, remember

if TYPE_CHECKING:
    from types import TracebackType

    from midspan import trace

__all__ = ["Span", "announce", "child_of", "make"]

# By name: mypy does not know that OpenCensus's class has a `__dict__`.
_SLOTS: Final = ("_above", "_entered", "_has_ended", "_is_block", "_native")


class Span(Known, Opened, oc_span.Span):  # type: ignore[misc]  # it has no types
    """A span of OpenCensus, with the native one that it feeds."""

    # Made by `make`. What is OpenCensus's own stands in the `__dict__`, as usual; a span in which there is
    # no more than `make` put there has nothing to hand on but its name.
    __slots__ = _SLOTS

    if not TYPE_CHECKING:  # as in `Entered`
        __init__ = object.__init__  # OpenCensus's would be called

    # These stand in for what most spans never get.
    stack_trace: Any = None
    same_process_as_parent_span: Any = None
    span_kind: Any = oc_span.SpanKind.UNSPECIFIED
    _start_text: Any = None
    _start_ns: int | None = None
    _end_text: Any = None
    _end_ns: int | None = None
    _error: BaseException | None = None
    _ends_at_finish = False

    name: Any
    context_tracer: Any
    _native: trace.Span
    _has_ended: bool
    # The view of what is above it, or the native span itself, where that had no view yet.
    _above: Any

    span_id = Lazy(
        lambda self: f"{self._native._span_id:016x}" if self._native._span_id else generate_span_id()
    )
    parent_span = Lazy(lambda self: parent_of(self._native, self._above))
    attributes = Lazy(lambda _: Attributes(oc_span.MAX_NUM_ATTRIBUTES))
    annotations = Lazy(lambda _: oc_span.BoundedList(oc_span.MAX_NUM_ANNOTATIONS))
    message_events = Lazy(lambda _: oc_span.BoundedList(oc_span.MAX_NUM_MESSAGE_EVENTS))
    links = Lazy(lambda _: oc_span.BoundedList(oc_span.MAX_NUM_LINKS))
    _child_spans = Lazy(lambda _: [])
    # Kept apart from `status`, so that one which was only looked at is known from one that was set.
    _untouched_status = Lazy(lambda _: Status.as_ok())
    status = Lazy(lambda self: self._untouched_status)

    @property
    def start_time(self) -> Any:
        """When the span started, as OpenCensus's text."""
        if self._start_text is None:
            ns = self._native.start_ns or self._start_ns
            return None if ns is None else _convert.to_iso(ns)
        return self._start_text

    @start_time.setter
    def start_time(self, value: Any) -> None:
        self._start_text = value

    @property
    def end_time(self) -> Any:
        """When the span ended, as OpenCensus's text, or None."""
        if self._end_text is None:
            end_ns = self._end_ns or self._native.end_ns
            return None if end_ns is None else _convert.to_iso(end_ns)
        return self._end_text

    @end_time.setter
    def end_time(self, value: Any) -> None:
        self._end_text = value

    def add_annotation(self, description: Any, **attrs: Any) -> None:
        """Add an annotation, at this moment."""
        self.annotations.append(Annotation(now_ns(self._native), description, OCAttributes(attrs)))

    def span(self, name: Any = "child_span") -> Span:
        """Start a child that is not made current; it is exported when this span ends."""
        child = child_of(self, name)
        self._child_spans.append(child)
        return child

    def start(self) -> None:
        """Set the start to this moment."""
        native = self._native
        if self._start_text is not None:
            self._start_text = None
        if native._limits is None:
            self._start_ns = now_ns(native)
        else:
            native.start_ns = native._recorder.monotonic_ns() + native._clock_offset_ns

    def __enter__(self) -> Span:  # noqa: PYI034 - Self is newer than Python 3.10
        self._is_block = True
        native = self._native
        if native._limits is None or len(self.__dict__) != _end.AT_START:
            self.start()
        else:
            # `start`, spelled out for the usual case.
            clock = native._recorder.monotonic_ns
            native.start_ns = clock() + native._clock_offset_ns
        return self

    def finish(self) -> None:
        """Set the end to this moment; the tracer's `end_span` is what ends the span."""
        self._end_text = None
        self._end_ns = now_ns(self._native)
        # After the bridge was taken out, OpenCensus's own tracer ends the spans that were open.
        if self._ends_at_finish or not STATE.is_installed:
            _end.complete(self)

    def end_left_open(self, around: trace.Span | None) -> None:
        """End because the block around it has: then, if that is known."""
        self._end_ns = None if around is None else around.end_ns
        _end.end_left_open(self)

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if traceback is not None:
            self.stack_trace = StackTrace.from_traceback(traceback)
        if exception_value is not None:
            self.status = Status.from_exception(exception_value)
            self._error = exception_value
        tracer = self.context_tracer
        if tracer is None:
            self.finish()
        elif self._has_ended:
            return
        elif STATE.is_installed:
            # Not by `end_span`: that would end whichever span is current.
            _end.end(tracer, self)
        else:
            tracer.end_span()


def make(name: Any, native: trace.Span, tracer: Any, above: Any = None) -> Span:
    """Make the OpenCensus span for a native one; what is above is its parent, shown when it is asked for."""
    span: Span = Span()
    span.name = name
    span.context_tracer = tracer
    span._above = above
    span._native = native
    span._entered = None
    span._has_ended = span._is_block = False
    if native._limits is None:
        span._start_ns = now_ns(native)
    if native._views is None and native._span_id:
        native._views = (KEY, span)
    else:
        remember(native, span)
    return span


def announce(span: Span) -> None:
    """Tell whoever asked OpenCensus to be told of each new span."""
    for callback in oc_span.Span._on_create_callbacks:
        callback(span)


def child_of(parent: Any, name: Any) -> Span:
    """Start a span under a view, without making it current."""
    child = make(name, start_below(name, parent._native), None)
    child.parent_span = parent
    announce(child)
    return child
