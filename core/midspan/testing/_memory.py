"""An exporter that keeps what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan.trace import Span

    class Source(Protocol):
        """Where metrics can be asked for at any time."""

        def collect(self) -> Sequence[Any]:
            """Return all metrics as they are now."""
            ...

        def restart(self) -> None:
            """Have all instruments begin at nothing."""
            ...


__all__ = ["MemoryExporter"]


class MemoryExporter:
    """Keep finished spans, and show metrics as they are: at once, and in the thread that asks.

    >>> from midspan import metrics, sdk, testing
    >>> memory = testing.MemoryExporter()
    >>> pipeline = sdk.configure(exporters=[memory])
    >>> metrics.get_meter("shop").create_counter("visits").add(2)
    >>> [metric.points[0].value for metric in memory.metrics if metric.name == "visits"]
    [2]
    """

    name = "memory"
    synchronous = True

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self._metrics: list[Any] = []
        self._source: Source | None = None

    @property
    def metrics(self) -> list[Any]:
        """All metrics as they are now; after a shutdown, as they were at the end."""
        now = () if self._source is None else self._source.collect()
        return [*self._metrics, *now]

    def export_spans(self, spans: Sequence[Span]) -> None:
        """Keep spans, in the order in which they ended."""
        self.spans.extend(spans)

    def export_metrics(self, metrics: Sequence[Any]) -> None:
        """Keep metrics; a pipeline does so at its end."""
        self._metrics.extend(metrics)

    def follow_metrics(self, source: Source) -> None:
        """Read metrics from a pipeline that begins."""
        self._source = source

    def unfollow_metrics(self, source: Source) -> None:
        """Read them no more: that pipeline has ended. Another may have begun before."""
        if self._source is source:
            self._source = None

    def clear(self) -> None:
        """Forget all, and have every instrument of the pipeline begin at nothing, for other readers too."""
        self.spans.clear()
        self._metrics.clear()
        if self._source is not None:
            self._source.restart()

    def shutdown(self, timeout_s: float) -> None:
        """Do nothing: what was kept can still be read."""

    def __repr__(self) -> str:
        return f"MemoryExporter({len(self.spans)} spans, {len(self._metrics)} metrics)"
