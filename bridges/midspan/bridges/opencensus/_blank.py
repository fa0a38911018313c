"""The span that OpenCensus's sampler did not want, with a native one that records nothing."""

from __future__ import annotations

from random import getrandbits
from typing import TYPE_CHECKING, Any, Final

from opencensus.trace.blank_span import BlankSpan
from opencensus.trace.tracers.base import NullContextManager

from midspan import context as _context
from midspan.bridges.opencensus import _convert, _home
from midspan.bridges.opencensus._buffers import Lazy
from midspan.bridges.opencensus._entered import Opened, enter, exit_
from midspan.bridges.opencensus._views import Known, forget, remember
from midspan.trace import NonRecordingSpan, TraceFlags
from midspan.trace._span import DEBUG, SUPPRESSED

if TYPE_CHECKING:
    from types import TracebackType

    from midspan import trace
    from midspan.context import Context

__all__ = ["Blank", "end_blank", "start_blank"]

_new: Final = object.__new__
_NOT_HANDED_ON: Final = ~(TraceFlags.SAMPLED | DEBUG)


class Blank(Known, Opened, BlankSpan):  # type: ignore[misc]  # it has no types
    """OpenCensus's blank span; what is started under it is not sampled."""

    # There is no __init__; see `start_blank`. What OpenCensus's sets for each span stands here for all.
    start_time: Any = None
    end_time: Any = None
    stack_trace: Any = None
    annotations: Any = None
    message_events: Any = None
    status: Any = None
    same_process_as_parent_span: Any = None
    span_kind: Any = None

    _native: trace.Span
    _is_block = False

    span_id = Lazy(lambda self: f"{self._native._span_id or getrandbits(64):016x}")
    parent_span = Lazy(lambda _: NullContextManager())
    attributes = Lazy(lambda _: {})
    links = Lazy(lambda _: [])
    _child_spans = Lazy(lambda _: [])

    def __enter__(self) -> Blank:  # noqa: PYI034 - Self is newer than Python 3.10
        self._is_block = True
        return self

    def end_left_open(self, around: trace.Span | None) -> None:  # noqa: ARG002 - nothing of it is exported
        """End because the block around it has, and make what was current before current again."""
        end_blank(self)

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        end_blank(self)


def end_blank(blank: Blank) -> None:
    """Make what was current before current again."""
    entered = blank._entered
    if entered is not None:
        # Each holds the other; what ends must not wait for the garbage collector.
        blank._entered = None
        forget(blank._native)
        exit_(entered)


def start_blank(tracer: Any, name: Any, stored: Any) -> Blank:
    """Start a blank span in the current trace, else in that of `stored`, and make it current."""
    previous = _context.current()
    blank: Blank = _new(Blank)
    blank.name = name
    blank.context_tracer = tracer
    blank._native = _native(previous, tracer, stored)
    remember(blank._native, blank)
    blank._entered = enter(blank, blank._native, previous)
    return blank


def _native(previous: Context, tracer: Any, stored: Any) -> trace.Span:
    parent = previous.span
    span_id = getrandbits(64) or 1
    if (
        parent is None
        or not (parent._trace_id or parent._flags & SUPPRESSED)
        or _home.is_left_behind(previous, tracer, stored)
    ):
        trace_id = _home.home_of(tracer).trace_id(stored.trace_id) or 1
        state = _convert.trace_state(stored.tracestate)
        return NonRecordingSpan.of_ids(trace_id, span_id, TraceFlags.NONE, state)
    if parent._flags & SUPPRESSED:
        return parent
    flags = parent._flags & _NOT_HANDED_ON
    return NonRecordingSpan.of_ids(parent._trace_id, span_id, flags, parent._trace_state)
