"""Hand native spans to an exporter that exists for OpenCensus only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opencensus.trace import base_exporter, execution_context

from midspan.bridges.opencensus import _reverse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan import trace

__all__ = ["LegacyExporter"]


class LegacyExporter:
    """A native exporter that hands spans on to one written for OpenCensus.

    Its `emit` is called with whole batches from the pipeline's thread, where OpenCensus's background
    transport would call it; an exporter that has only `export` is called by that.

    >>> from opencensus.trace.file_exporter import FileExporter
    >>> from midspan import sdk
    >>> from midspan.bridges.opencensus import LegacyExporter
    >>> pipeline = sdk.configure(exporters=[LegacyExporter(FileExporter("spans.json"))])
    >>> pipeline.shutdown(timeout_s=5)
    True
    """

    def __init__(self, oc_exporter: Any) -> None:
        """Take an exporter of OpenCensus's.

        Raises:
            TypeError: It has neither `emit` nor `export`.
        """
        send = getattr(oc_exporter, "emit", None)
        if send is None or getattr(type(oc_exporter), "emit", None) is base_exporter.Exporter.emit:
            send = getattr(oc_exporter, "export", None)
        if not callable(send):
            raise TypeError(f"{oc_exporter!r} is no OpenCensus exporter: it has neither emit nor export")
        self._send = send
        self._exporter = oc_exporter
        self.name = f"opencensus.{type(oc_exporter).__name__}"

    def export_spans(self, spans: Sequence[trace.Span]) -> None:
        """Hand a batch on; what the exporter raises is the pipeline's to count."""
        was_exporting = execution_context.is_exporter()
        # Integrations of OpenCensus's look here, and leave what an exporter sends untraced.
        execution_context.set_is_exporter(True)
        try:
            self._send([_reverse.span_data(span) for span in spans])
        finally:
            execution_context.set_is_exporter(was_exporting)

    def shutdown(self, timeout_s: float) -> None:  # noqa: ARG002 - OpenCensus's own knows no deadline
        """Let a transport that the exporter has, for want of `emit`, send what waits there."""
        flush = getattr(getattr(self._exporter, "transport", None), "flush", None)
        if callable(flush) and self._send == getattr(self._exporter, "export", None):
            flush()
