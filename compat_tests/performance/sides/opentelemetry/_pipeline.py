"""The SDK as an application sets it up: a batch processor, here with an exporter that throws away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.sampling import Sampler


class Discard(SpanExporter):
    """Count the spans, keep the latest batch, throw the rest away."""

    def __init__(self) -> None:
        self.total = 0
        self.latest: Sequence[ReadableSpan] = ()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.total += len(spans)
        self.latest = spans
        return SpanExportResult.SUCCESS

    def made(self) -> int:
        return self.total

    def sample(self) -> list[dict[str, Any]]:
        return [neutral(span) for span in self.latest]


class Pipeline:
    """A provider with its own queue; the sampler is the default unless a row names another."""

    def __init__(self, sampler: Sampler | None = None) -> None:
        self.exporter = Discard()
        self.provider = TracerProvider(
            sampler=sampler, resource=Resource.create({"service.name": "shop"}), shutdown_on_exit=False
        )
        self.provider.add_span_processor(BatchSpanProcessor(self.exporter))
        self.tracer = self.provider.get_tracer("shop.checkout", "1.2.0")

    def settle(self) -> None:
        """Export all that is queued."""
        self.provider.force_flush()


def neutral(span: ReadableSpan) -> dict[str, Any]:
    """Show a span in the form that all sides share."""
    return {
        "name": span.name,
        "attributes": dict(span.attributes or {}),
        "events": [[event.name, dict(event.attributes or {})] for event in span.events],
        "child": span.parent is not None,
        "ended": (span.end_time or 0) >= (span.start_time or 0) > 0,
    }
