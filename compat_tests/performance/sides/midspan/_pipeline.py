"""midspan as an application configures it: the batch queue, here with an exporter that throws away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midspan import sdk, trace

if TYPE_CHECKING:
    from collections.abc import Sequence


class Discard:
    """Count the spans, keep the latest batch, throw the rest away."""

    def __init__(self) -> None:
        self.total = 0
        self.latest: Sequence[Any] = ()

    def export_spans(self, spans: Sequence[Any]) -> None:
        self.total += len(spans)
        self.latest = spans

    def shutdown(self, timeout_s: float) -> None:
        pass

    def made(self) -> int:
        return self.total

    def sample(self) -> list[dict[str, Any]]:
        return [neutral(span) for span in self.latest]


class Pipeline:
    """The one pipeline; the sampler is the specification's default unless a row names another."""

    def __init__(self, exporter: Discard | None = None, **settings: Any) -> None:
        self.exporter = Discard() if exporter is None else exporter
        self.pipeline = sdk.configure(service_name="shop", exporters=[self.exporter], **settings)
        self.tracer = trace.get_tracer("shop.checkout", "1.2.0")

    def settle(self) -> None:
        """Export all that is queued."""
        if not self.pipeline.force_flush(timeout_s=60):
            raise AssertionError("the queue was not flushed")


def neutral(span: Any) -> dict[str, Any]:
    """Show a span in the form that all sides share."""
    return {
        "name": span.name,
        "attributes": dict(span.attributes),
        "events": [[event.name, dict(event.attributes)] for event in span.events],
        "child": span.parent is not None,
        "ended": span.end_ns >= span.start_ns > 0,
    }
