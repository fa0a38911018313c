"""The pipeline's own account, as metrics.

All of it is read from what the pipeline counts anyway, when somebody collects. The names are those of
OpenTelemetry's semantic conventions for SDK metrics, where they have one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan.metrics import Metric, MetricKind, NumberPoint
from midspan.sdk._account import BEFORE_EXPORT
from midspan.sdk._batch import BatchQueue
from midspan.sdk._series import ExplicitSeries
from midspan.sdk.aggregation import ExplicitBuckets, Moment
from midspan.trace import InstrumentationScope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import TypeAlias

    from midspan.sdk._account import ExporterStats, PipelineStats

    # Attributes and numbers: the points of one metric.
    Rows: TypeAlias = list[tuple[dict[str, Any], int]]

__all__ = ["SelfMetrics"]

_SCOPE: Final = InstrumentationScope("midspan.sdk")
_ERROR: Final = "error.type"
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_DURATIONS: Final = ExplicitBuckets(_SECONDS)


class SelfMetrics:
    """A source of metrics over `Pipeline.stats()`."""

    def __init__(
        self,
        stats: Callable[[], PipelineStats],
        outlets: Mapping[str, Any],
        now_ns: Callable[[], int],
    ) -> None:
        """Take the account, what spans leave by, and the clock."""
        self._stats = stats
        self._outlets = outlets
        self._now_ns = now_ns
        self.begin_anew()

    def begin_anew(self) -> None:
        """Begin at nothing; after a fork, again."""
        self._start_ns = self._now_ns()
        self._durations: dict[str, ExplicitSeries] = {}

    def collected(self, reader: str, duration_s: float) -> None:
        """Count one collection of a reader."""
        series = self._durations.get(reader)
        if series is None:
            series = self._durations.setdefault(reader, ExplicitSeries(_SECONDS))
        series.update(duration_s)

    def produce(self) -> Iterator[Metric]:
        """Return the account as it is now; what has no row yet is left out."""
        stats, now_ns = self._stats(), self._now_ns()
        for name, unit, is_monotonic, rows in self._told(stats):
            points = [NumberPoint(attributes, self._start_ns, now_ns, value) for attributes, value in rows]
            if points:
                yield _metric(name, unit, MetricKind.SUM, points, is_monotonic=is_monotonic)
        durations = list(self._told_durations(now_ns))
        if durations:
            yield _metric("otel.sdk.metric_reader.collection.duration", "s", MetricKind.HISTOGRAM, durations)

    def _told(self, stats: PipelineStats) -> Iterable[tuple[str, str, bool, Rows]]:
        spans, points = stats.exporters, stats.metrics
        queues = {name: out for name, out in self._outlets.items() if isinstance(out, BatchQueue)}
        processors = {
            name: _component("batching" if name in queues else "simple", name) for name in self._outlets
        }
        queued: Rows = [(processors[name], spans[name].queued) for name in queues]
        capacities: Rows = [(processors[name], queue.capacity) for name, queue in queues.items()]
        processed = [row for name in processors for row in _processed(spans[name], processors[name])]
        troubles: Rows = [({_ERROR: cause}, count) for cause, count in stats.troubles.items()]
        return (
            ("otel.sdk.processor.span.queue.size", "{span}", False, queued),
            ("otel.sdk.processor.span.queue.capacity", "{span}", False, capacities),
            ("otel.sdk.processor.span.processed", "{span}", True, processed),
            ("otel.sdk.exporter.span.exported", "{span}", True, _exported(spans)),
            ("otel.sdk.exporter.metric_data_point.exported", "{data_point}", True, _exported(points)),
            ("midspan.exporter.retries", "{request}", True, _delivered(stats, "retried")),
            ("midspan.exporter.sent", "By", True, _delivered(stats, "sent_bytes")),
            ("midspan.exporter.spilled", "{item}", False, _delivered(stats, "spilled")),
            ("midspan.span.filtered", "{span}", True, [({}, stats.filtered)] if stats.filtered else []),
            ("midspan.troubles", "{trouble}", True, troubles),
        )

    def _told_durations(self, now_ns: int) -> Iterator[Any]:
        for reader, series in tuple(self._durations.items()):
            snapshot = series.snapshot()
            moment = Moment({"otel.component.name": reader}, self._start_ns, now_ns, ())
            yield _DURATIONS.point(snapshot, None, moment)


def _component(kind: str, exporter: str) -> dict[str, Any]:
    kind = f"{kind}_span_processor"
    return {"otel.component.type": kind, "otel.component.name": f"{kind}/{exporter}"}


def _processed(stats: ExporterStats, component: dict[str, Any]) -> Rows:
    """Return what a processor is done with: handed to the exporter, or dropped before that."""
    dropped = {cause: count for cause, count in stats.dropped.items() if cause in BEFORE_EXPORT}
    failed = sum(stats.dropped.values()) - sum(dropped.values())
    return [(component, stats.exported + failed), *_by_cause(dropped, component)]


def _exported(stats: Mapping[str, ExporterStats]) -> Rows:
    """Return what exporters accepted, and what they failed to."""
    rows: Rows = []
    for name, account in stats.items():
        component = {"otel.component.name": name}
        failed = {cause: count for cause, count in account.dropped.items() if cause not in BEFORE_EXPORT}
        rows += [(component, account.exported), *_by_cause(failed, component)]
    return rows


def _delivered(stats: PipelineStats, field: str) -> Rows:
    """Return a field of the accounts of those exporters that deliver over a network."""
    return [
        ({"otel.component.name": name, "midspan.signal": signal}, getattr(account, field))
        for signal, accounts in (("traces", stats.exporters), ("metrics", stats.metrics))
        for name, account in accounts.items()
        if account.sent_bytes or account.retried or account.spilled
    ]


def _by_cause(dropped: Mapping[str, int], component: dict[str, Any]) -> Rows:
    return [({**component, _ERROR: cause}, count) for cause, count in dropped.items()]


def _metric(
    name: str, unit: str, kind: MetricKind, points: list[Any], *, is_monotonic: bool = False
) -> Metric:
    return Metric(name, unit, "", _SCOPE, None, kind, points, is_monotonic=is_monotonic)
