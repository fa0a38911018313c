"""Payloads of OTLP and Zipkin, by midspan's own writers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compat_tests.performance import _metric_mix, _mix
from compat_tests.performance._timed import Made, Timed
from midspan import metrics, sdk, testing, trace
from midspan.exporters.otlp import encode_metrics as to_bytes
from midspan.exporters.otlp import encode_spans
from midspan.exporters.zipkin import encode_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def encode_mixed() -> Timed:
    """Batches of 512 spans, none seen before, to bytes."""
    return _encoded(encode_spans)


def encode_zipkin() -> Timed:
    """The same as Zipkin has it, in JSON."""
    return _encoded(encode_json)


def _encoded(encode: Callable[[Sequence[trace.Span]], bytes]) -> Timed:
    made, builder = Made(), Builder()
    batches: list[Sequence[trace.Span]] = []

    def prepare(iterations: int) -> None:
        batches[:] = [builder.next_batch() for _ in range(iterations)]

    def run(_iterations: int) -> None:
        for batch in batches:
            made.last = encode(batch)
            made.total += len(batch)

    return Timed(
        run,
        made.count,
        lambda: made.last.hex(),  # noqa: PLW0108 - the latest, not today's
        prepare=prepare,
    )


def encode_metrics() -> Timed:
    """Collections of 2,000 points, each with new numbers, to bytes."""
    made, recorder = Made(), Recorder()
    collections: list[Sequence[metrics.Metric]] = []

    def prepare(iterations: int) -> None:
        collections[:] = [recorder.next_collection() for _ in range(iterations)]

    def run(_iterations: int) -> None:
        for collected in collections:
            made.last = to_bytes(collected)
            made.total += _metric_mix.POINTS

    return Timed(
        run,
        made.count,
        lambda: made.last.hex(),  # noqa: PLW0108 - the latest, not today's
        prepare=prepare,
    )


class Recorder:
    """Record round after round of measurements, and collect each."""

    def __init__(self) -> None:
        self._reader = sdk.PullReader()
        sdk.configure(service_name="shop", exporters=[], metric_readers=[self._reader], sampler="always_on")
        meter = metrics.get_meter("shop.checkout", "1.2.0")
        self._counters = [
            meter.create_counter(f"shop.counter.{number}", "{order}", "What was counted")
            for number in range(_metric_mix.COUNTERS)
        ]
        self._gauges = [
            meter.create_gauge(f"shop.gauge.{number}", "By", "What was there")
            for number in range(_metric_mix.GAUGES)
        ]
        self._histograms = [
            meter.create_histogram(f"shop.histogram.{number}", "ms", "What was timed")
            for number in range(_metric_mix.HISTOGRAMS)
        ]
        self._number = 0

    def next_collection(self) -> Sequence[metrics.Metric]:
        """Give 200 finished metrics."""
        for of_series in _metric_mix.describe(self._number):
            self._record(of_series)
        self._number += 1
        return [metric for metric in self._reader.collect() if metric.name.startswith("shop.")]

    def _record(self, of_series: _metric_mix.Round) -> None:
        for counter in self._counters:
            counter.add(of_series.added, of_series.attributes)
        for gauge in self._gauges:
            gauge.set(of_series.level, of_series.attributes)
        with trace.get_tracer("shop").start_as_current_span("order"):
            for histogram in self._histograms:
                for latency_ms in of_series.latencies_ms:
                    histogram.record(latency_ms, of_series.attributes)


class Builder:
    """Build batch after batch of the mixed spans, no two alike."""

    def __init__(self) -> None:
        self._memory = testing.MemoryExporter()
        self._pipeline = sdk.configure(service_name="shop", exporters=[self._memory])
        self._number = 0

    def next_batch(self) -> Sequence[trace.Span]:
        """Give 512 finished spans."""
        built: list[trace.Span] = []
        for described in _mix.describe(self._number):
            built.append(self._build(described, built))
        self._number += 1
        self._pipeline.force_flush(timeout_s=60)
        spans = list(self._memory.spans)
        self._memory.clear()
        return spans

    def _build(self, described: _mix.Described, built: list[trace.Span]) -> trace.Span:
        span = trace.get_tracer(described.scope).start_span(
            described.name,
            parent=None if described.parent is None else built[described.parent],
            kind=trace.SpanKind[described.kind],
            attributes=described.attributes,
            links=[trace.Link(built[0].context)] * described.links if built else None,
            start_ns=described.start_ns,
        )
        for name, at_ns, attributes in described.events:
            span.add_event(name, attributes, at_ns)
        if described.error:
            span.set_status(trace.StatusCode.ERROR, described.error)
        span.end(described.end_ns)
        return span
