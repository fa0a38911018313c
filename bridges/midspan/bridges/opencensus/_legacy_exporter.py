"""Hand native spans and metrics to an exporter that exists for OpenCensus only."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from opencensus.stats.base_exporter import StatsExporter
from opencensus.trace import base_exporter, execution_context

from midspan.bridges.opencensus import _reverse, _reverse_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from midspan import trace
    from midspan.metrics import Metric

__all__ = ["LegacyExporter"]


class LegacyExporter:
    """A native exporter that hands spans and metrics on to one written for OpenCensus.

    It takes what that one takes. Spans go to its `emit`, from the pipeline's thread, where OpenCensus's
    background transport would call it; an exporter that has only `export` is called by that. Metrics go to
    its `export_metrics`, as from the thread of `get_exporter_thread`.

    >>> from opencensus.trace.file_exporter import FileExporter
    >>> from midspan import sdk
    >>> from midspan.bridges.opencensus import LegacyExporter
    >>> pipeline = sdk.configure(exporters=[LegacyExporter(FileExporter("spans.json"))])
    >>> pipeline.shutdown(timeout_s=5)
    True
    """

    # OpenCensus counts from the start, always.
    temporality = "cumulative"

    # The pipeline looks for these: what the exporter does not take is not there.
    export_spans: Callable[[Sequence[trace.Span], float], None]
    export_metrics: Callable[[Sequence[Metric]], None]

    def __init__(self, oc_exporter: Any, *, one_trace_at_a_time: bool = True) -> None:
        """Take an exporter of OpenCensus's.

        OpenCensus's exporters for Jaeger and for files take the first span's trace for that of all that they
        are given at once. With `one_trace_at_a_time=False` an exporter that looks at each span gets whole
        batches: those for Zipkin, Azure, Stackdriver and the OpenCensus agent do.

        Raises:
            TypeError: It has neither `emit`, `export` nor `export_metrics`; or it takes the data of views,
                for which native metrics are no source.
        """
        self._send = _sender(oc_exporter)
        self._push = getattr(oc_exporter, "export_metrics", None)
        if self._send is None and not callable(self._push):
            raise TypeError(f"{oc_exporter!r} is no OpenCensus exporter of spans or metrics: {_WANTED}")
        if self._send is not None:
            self.export_spans = self._export_spans
        if callable(self._push):
            self.export_metrics = self._export_metrics
        self._exporter = oc_exporter
        self._one_trace_at_a_time = one_trace_at_a_time
        self.name = f"opencensus.{type(oc_exporter).__name__}"

    def _export_spans(self, spans: Sequence[trace.Span], timeout_s: float = math.inf) -> None:
        """Hand a batch on; what the exporter raises is the pipeline's to count."""
        traces: dict[int, list[Any]] = {}
        for span in spans:
            trace_id = span.context.trace_id if self._one_trace_at_a_time else 0
            traces.setdefault(trace_id, []).append(_reverse.span_data(span))
        _as_exporter(self._send, traces.values(), time.monotonic() + timeout_s)

    def _export_metrics(self, metrics: Sequence[Metric]) -> None:
        """Hand on what was collected; what the exporter raises is the pipeline's to count."""
        made = _reverse_metrics.metrics(metrics)
        if made:
            _as_exporter(self._push, [made])

    def shutdown(self, timeout_s: float) -> None:  # noqa: ARG002 - OpenCensus's own knows no deadline
        """Let a transport that the exporter has, for want of `emit`, send what waits there."""
        flush = getattr(getattr(self._exporter, "transport", None), "flush", None)
        if callable(flush) and self._send == getattr(self._exporter, "export", None):
            flush()


_WANTED = "it has neither emit, export nor export_metrics, or takes the data of views"


def _sender(oc_exporter: Any) -> Any:
    """Return what takes span data; None if nothing does."""
    if isinstance(oc_exporter, StatsExporter):
        return None
    send = getattr(oc_exporter, "emit", None)
    if send is None or getattr(type(oc_exporter), "emit", None) is base_exporter.Exporter.emit:
        send = getattr(oc_exporter, "export", None)
    return send if callable(send) else None


def _as_exporter(function: Any, batches: Iterable[Any], deadline_s: float = math.inf) -> None:
    """Call for each batch, where OpenCensus's integrations see that they must trace nothing.

    A batch that fails harms no other; what failed last is raised at the end. None is begun when time is up.
    """
    was_exporting = execution_context.is_exporter()
    execution_context.set_is_exporter(True)
    failed: Exception | None = None
    try:
        for batch in batches:
            if time.monotonic() >= deadline_s:
                failed = TimeoutError("there was no time left for all traces")
                break
            try:
                function(batch)
            except Exception as error:  # noqa: BLE001 - an exporter that nobody here wrote
                failed = error
    finally:
        execution_context.set_is_exporter(was_exporting)
    if failed is not None:
        raise failed
