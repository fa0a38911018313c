"""The span that OpenCensus's sampler did not want, with a native one that records nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opencensus.trace.blank_span import BlankSpan

from midspan import context as _context
from midspan.bridges.opencensus import _convert
from midspan.bridges.opencensus._entered import enter, exit_
from midspan.bridges.opencensus._views import Known, remember
from midspan.trace import NonRecordingSpan, TraceFlags
from midspan.trace._span import DEBUG, SUPPRESSED

if TYPE_CHECKING:
    from types import TracebackType

    from midspan import trace
    from midspan.bridges.opencensus._entered import Entered
    from midspan.context import Context

__all__ = ["Blank", "start_blank"]


class Blank(Known, BlankSpan):  # type: ignore[misc]  # it has no types
    """OpenCensus's blank span; what is started under it is not sampled."""

    _native: trace.Span
    _entered: Entered

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        exit_(self._entered)


def start_blank(tracer: Any, name: Any, stored: Any) -> Blank:
    """Start a blank span in the current trace, else in that of `stored`, and make it current."""
    blank = Blank(name, context_tracer=tracer)
    previous = _context.current()
    blank._native = _native(previous, stored, _convert.number(blank.span_id, 16) or 1)
    remember(blank._native, blank)
    blank._entered = enter(blank, blank._native, previous)
    return blank


def _native(previous: Context, stored: Any, span_id: int) -> trace.Span:
    parent = previous.span
    if parent is not None and parent._flags & SUPPRESSED:
        return parent
    if parent is not None and parent._trace_id:
        flags = parent._flags & ~(TraceFlags.SAMPLED | DEBUG)
        return NonRecordingSpan.of_ids(parent._trace_id, span_id, flags, parent._trace_state)
    state = _convert.trace_state(stored.tracestate)
    return NonRecordingSpan.of_ids(_convert.number(stored.trace_id, 32) or 1, span_id, TraceFlags.NONE, state)
