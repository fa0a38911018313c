"""End a span: its final state goes to the native span, and to the exporter that OpenCensus code gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any


from midspan import _trouble
from midspan import context as _context
from midspan.bridges.opencensus import _convert, _home
from midspan.bridges.opencensus._entered import Entered, exit_
from midspan.bridges.opencensus._snapshot import snapshot
from midspan.bridges.opencensus._settle import settle
from midspan.bridges.opencensus._state import STATE

if TYPE_CHECKING:
    from midspan import trace
    from midspan.bridges.opencensus._span import Span

__all__ = ["complete", "end"]


def end(tracer: Any, span: Span) -> None:
    """End a span of a tracer; a second end does nothing."""
    if span._has_ended:
        return
    span.finish()
    _tell_legacy(tracer, span)
    above = None if span._entered is None else span._entered.previous
    complete(span)
    if above is not None:
        _home.ended(tracer, span, above)
    try:
        tracer._spans_list.remove(span)
    except (ValueError, AttributeError):
        pass  # somebody else emptied the list, or it is no tracer of OpenCensus's


def complete(span: Span) -> None:
    """Hand the final state over, end the native span, and make what was current before current again."""
    if span._has_ended:
        return
    span._has_ended = True
    native = span._native
    if native._limits is not None:
        settle(native, span.__dict__)
        _take_start(span, native)
        span._error = None
        for child in span.__dict__.get("_child_spans", ()):
            complete(child)
        native.end(span._end_ns if span._end_text is None else _convert.to_ns(span._end_text))
    entered = span._entered
    if entered is not None:
        exit_(entered)
        current = _context.current()
        # Made current a second time, in another thread say.
        if type(current) is Entered and current.view is span:
            exit_(current)


def _take_start(span: Span, native: trace.Span) -> None:
    """Take a start that was assigned."""
    if span._start_text is not None:
        start_ns = _convert.to_ns(span._start_text)
        if start_ns is not None:
            native.start_ns = start_ns


def _tell_legacy(tracer: Any, span: Span) -> None:
    """Feed the exporter that the tracer was given, as OpenCensus does, with a context that stays as it is."""
    exporter = getattr(tracer, "exporter", None)
    if not STATE.tells_legacy or exporter is None or exporter.__dict__.get("_midspan_is_default"):
        return
    try:
        context = snapshot(span._native) if span._native._span_id else tracer.span_context
        exporter.export([data._replace(context=context) for data in tracer.get_span_datas(span)])
    except Exception as error:  # noqa: BLE001 - an exporter that nobody here wrote
        _trouble.report("opencensus.exporter", "the exporter %s failed", type(exporter).__name__, error=error)
