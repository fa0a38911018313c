"""OpenCensus with its background transport and an exporter that throws away."""

from __future__ import annotations

from typing import Any

from opencensus.common.transports.async_ import AsyncTransport
from opencensus.trace import base_exporter
from opencensus.trace.samplers import AlwaysOnSampler
from opencensus.trace.tracer import Tracer


class Discard(base_exporter.Exporter):
    """Count the spans, keep the latest batch, throw the rest away."""

    def __init__(self) -> None:
        self.total = 0
        self.latest: list[Any] = []
        self.transport = AsyncTransport(self, max_batch_size=512, wait_period=5)

    def export(self, span_datas: list[Any]) -> None:
        self.transport.export(span_datas)

    def emit(self, span_datas: list[Any]) -> None:
        self.total += len(span_datas)
        self.latest = span_datas

    def made(self) -> int:
        return self.total

    def sample(self) -> list[dict[str, Any]]:
        return [neutral(span) for span in self.latest]


class Pipeline:
    """One tracer for all spans: less work than one a request, which is what the integrations make."""

    def __init__(self, sampler: Any = None) -> None:
        self.exporter = Discard()
        self.tracer = Tracer(exporter=self.exporter, sampler=sampler or AlwaysOnSampler())

    def settle(self) -> None:
        """Export all that is queued, without the pauses that the worker makes between batches."""
        worker = self.exporter.transport.worker
        worker._event.set()
        worker.flush()
        worker._event.clear()


def neutral(span: Any) -> dict[str, Any]:
    """Show a span in the form that all sides share."""
    return {
        "name": span.name,
        "attributes": dict(span.attributes),
        "events": [[note.description, dict(note.attributes.attributes)] for note in span.annotations],
        "child": span.parent_span_id is not None,
        "ended": span.end_time >= span.start_time > "",
    }
