"""Feed the pipeline from OpenCensus without patching anything: an exporter of OpenCensus's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opencensus.trace import base_exporter

from midspan import _trouble
from midspan.bridges.opencensus import _convert
from midspan.bridges.opencensus._settle import settle
from midspan.bridges.opencensus._start import start_native
from midspan.context import EMPTY
from midspan.trace import NonRecordingSpan

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Exporter"]


class Exporter(base_exporter.Exporter):  # type: ignore[misc]  # it has no types
    """An exporter for `opencensus.trace.tracer.Tracer`, whose spans become native ones when they end.

    For who wants to edit one line and have nothing patched. Spans keep their ids, but native spans and
    OpenCensus's do not nest: neither sees what the other made current. See `install` for that.

    >>> from opencensus.trace.samplers import AlwaysOnSampler
    >>> from opencensus.trace.tracer import Tracer
    >>> from midspan.bridges import opencensus as bridge
    >>> tracer = Tracer(exporter=bridge.Exporter(), sampler=AlwaysOnSampler())
    """

    def export(self, span_datas: Iterable[Any]) -> None:
        """Hand spans to the pipeline; it has a queue and a thread of its own, so no transport is needed."""
        self.emit(span_datas)

    def emit(self, span_datas: Iterable[Any]) -> None:
        """Hand spans to the pipeline."""
        for span_data in span_datas:
            try:
                _record(span_data)
            except Exception as error:  # noqa: BLE001 - whatever the application made of its spans
                _trouble.report("opencensus.span", "a span could not be read", error=error)


def _record(data: Any) -> None:
    """Start and end the native span for a finished one of OpenCensus's."""
    context = _convert.parent_context(data.context)
    parent_id = _convert.number(data.parent_span_id, 16)
    span_id = _convert.number(data.span_id, 16)
    if not context.trace_id or not span_id:
        _trouble.report("opencensus.span", "a span without a trace id and a span id was dropped")
        return
    below = EMPTY
    if parent_id:
        is_remote = data.same_process_as_parent_span is False
        below = EMPTY.with_span(NonRecordingSpan(context._replace(span_id=parent_id, is_remote=is_remote)))
    start_ns = None if data.start_time is None else _convert.to_ns(data.start_time)
    native = start_native(
        data.name, below, (context.trace_id, span_id), _convert.kind(data.span_kind), start_ns=start_ns
    )
    if native.is_recording():
        settle(native, data._asdict())
        native.end(None if data.end_time is None else _convert.to_ns(data.end_time))
