"""An exporter that keeps what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan.trace import Span

__all__ = ["MemoryExporter"]


class MemoryExporter:
    """Keep finished spans and metrics in lists, at once and in the thread that finished them."""

    name = "memory"
    synchronous = True

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.metrics: list[Any] = []

    def export_spans(self, spans: Sequence[Span]) -> None:
        """Keep spans, in the order in which they ended."""
        self.spans.extend(spans)

    def export_metrics(self, metrics: Sequence[Any]) -> None:
        """Keep metrics."""
        self.metrics.extend(metrics)

    def clear(self) -> None:
        """Forget all."""
        self.spans.clear()
        self.metrics.clear()

    def shutdown(self, timeout_s: float) -> None:
        """Do nothing: what was kept can still be read."""

    def __repr__(self) -> str:
        return f"MemoryExporter({len(self.spans)} spans, {len(self.metrics)} metrics)"
