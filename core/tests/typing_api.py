"""User-style code that mypy must understand exactly; it is checked, never run.

Each function is what a user of midspan would write under `mypy --strict`. `assert_type` holds the types that
an editor would show; an ignored error holds what must not be accepted (mypy objects to an ignore without an
error).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from midspan import baggage, context, metrics, propagation, sdk, testing, trace
from midspan.bridges import opencensus as census_bridge
from midspan.bridges import opentracing as bridge
from midspan.exporters.console import ConsoleExporter
from midspan.exporters.jsonl import JSONLinesExporter
from midspan.exporters.otlp import OTLPExporter, encode_metrics, encode_spans

if TYPE_CHECKING:
    from typing_extensions import assert_type  # noqa: TC004 -- this module is never run

tracer = trace.get_tracer("shop.checkout", "1.2.0")


@tracer.start_as_current_span("total")
def total(cart: Sequence[int], *, discount: float = 0.0) -> float:
    """Keep its signature under the decorator."""
    return sum(cart) * (1 - discount)


@tracer.start_as_current_span("fetch")
async def fetch(url: str) -> bytes:
    """Stay a coroutine function under the decorator."""
    return url.encode()


@tracer.start_as_current_span("pages")
def pages(count: int) -> Iterator[int]:
    """Stay a generator function under the decorator."""
    yield from range(count)


@tracer.start_as_current_span("stream")
async def stream(count: int) -> AsyncIterator[int]:
    """Stay an async-generator function under the decorator."""
    for each in range(count):
        yield each


async def decorated_functions_keep_their_types() -> None:
    """See through the decorator."""
    assert_type(total([1, 2], discount=0.5), float)
    assert_type(await fetch("/"), bytes)
    assert_type(pages(3), Iterator[int])
    assert_type(stream(3), AsyncIterator[int])
    total("three")  # type: ignore[arg-type]


def spans(error: Exception) -> None:
    """Start, change and end spans."""
    attributes: dict[str, int] = {"cart.items": 3}
    with tracer.start_as_current_span("charge", kind=trace.SpanKind.CLIENT, attributes=attributes) as span:
        assert_type(span, trace.Span)
        span.set_attribute("k", ["v"])
        span.add_event("retry", {"n": 1})
        span.record_exception(error)
        span.set_status(trace.StatusCode.ERROR, "card declined")
        span.update_name("charge.card")
        span.add_link(span.context, {"why": "retried"})
        assert_type(span.context.trace_id, int)
        assert_type(span.context.span_id, int)
    root = tracer.start_span("job", parent=None, links=[trace.Link(span.context)], start_ns=1)
    root.end(end_ns=2)
    tracer.start_span("job", parent="not a parent")  # type: ignore[arg-type]
    root.set_status("ERROR")  # type: ignore[arg-type]


def the_current_span(span: trace.Span) -> None:
    """Ask for what is current, and say what is."""
    assert_type(trace.get_current_span(), trace.Span)
    with trace.use_span(span, end_on_exit=False) as current:
        assert_type(current, trace.Span)


def carried_context(executor: ThreadPoolExecutor) -> None:
    """Take the context into a thread without losing the function's types."""
    assert_type(context.submit(executor, total, [1], discount=0.1), Future[float])
    assert_type(context.carry(total)([1]), float)


def baggage_values() -> None:
    """Carry names and values along."""
    with baggage.attached({"tenant": "acme"}):
        assert_type(baggage.get_baggage("tenant"), str | None)
        assert_type(baggage.get_all(), Mapping[str, str])


def a_pipeline() -> None:
    """Configure, look at what came out, and end in good order."""
    memory = testing.MemoryExporter()
    pipeline = sdk.configure(service_name="checkout", exporters=[memory], sampler="traceidratio:0.1")
    assert_type(pipeline.force_flush(timeout_s=5), bool)
    assert_type(pipeline.shutdown(timeout_s=5), bool)
    assert_type([span.name for span in memory.spans], list[str])
    assert_type(sdk.get_pipeline(), sdk.Pipeline | None)
    sdk.configure(sampling=0.1)  # type: ignore[call-arg]


def propagated_context(headers: dict[str, str]) -> None:
    """Send the context on, and take it in."""
    propagation.inject(headers)
    arrived = propagation.extract(headers)
    assert_type(arrived, context.Context)
    with context.attached(arrived):
        tracer.start_span("handle", parent=arrived).end()


def exporters_by_instance() -> None:
    """Hand over exporters that were made with what they need."""
    sdk.configure(exporters=[ConsoleExporter(width=100), JSONLinesExporter("spans.jsonl")])
    sdk.configure(exporters=[OTLPExporter("http://localhost:4318", compression="gzip")])
    assert_type(encode_spans([tracer.start_span("job")]), bytes)


class Tally:
    """Be an exporter without inheriting from anything."""

    def export_spans(self, spans: Sequence[trace.Span]) -> None:
        """Look at each finished span."""
        assert_type([span.name for span in spans], list[str])

    def shutdown(self, timeout_s: float) -> None:
        """Have nothing to give back."""


def measured_orders() -> None:
    """Measure with every kind of instrument, and read what came of it."""
    meter = metrics.get_meter("shop.checkout", "1.2.0")
    meter.create_counter("orders", unit="1").bind({"route": "/"}).add(1)
    meter.create_up_down_counter("open").add(-1, {"route": "/"})
    meter.create_histogram("latency", boundaries=[1, 5, 25]).record(2.5)
    gauge = meter.create_gauge("warmth")
    gauge.set(20.5)
    gauge.add(1)  # type: ignore[attr-defined]
    meter.create_observable_gauge("seen", [lambda: [1, 2.5], lambda: [metrics.Observation(3, {"a": 1})]])
    reader = sdk.PullReader("delta", histogram_aggregation="base2_exponential_bucket_histogram")
    views = [sdk.View(name="latency", reservoir=4), sdk.View(name="orders", reservoir=Newest, drop=["user"])]
    sdk.configure(metric_readers=[reader], views=views, exemplars="always_on", self_metrics=True)
    assert_type(reader.collect(), list[metrics.Metric])


def metrics_that_are_read(memory: testing.MemoryExporter) -> None:
    """Look at what a metric holds, and hand metrics on."""
    for metric in memory.metrics:
        for point in metric.points:
            if isinstance(point, metrics.HistogramPoint):
                assert_type(point.bucket_counts, Sequence[int])
    assert_type(encode_metrics(memory.metrics), bytes)


class Rounded(sdk.aggregation.Sum):
    """Be an aggregation of one's own."""


def what_becomes_of_measurements() -> None:
    """Choose aggregations, by name and by oneself."""
    sdk.aggregation.register("rounded", Rounded)
    buckets = sdk.aggregation.ExponentialBuckets(max_size=40)
    views = [sdk.View(kind="histogram", aggregation=buckets), sdk.View(scope="shop.*", aggregation="rounded")]
    sdk.configure(views=views, metrics=sdk.MetricSettings(interval_s=5))
    sdk.View("latency")  # type: ignore[call-arg]


def delivery(pipeline: sdk.Pipeline) -> None:
    """Say what waits for a backend, and ask what became of it."""
    spill = sdk.SpillSettings("/var/lib/checkout", max_bytes=1024 * 1024)
    sdk.configure(delivery=sdk.DeliverySettings(budget_s=60), spill=spill)
    sdk.configure(spill="/var/lib/checkout", batch=sdk.BatchSettings(max_queue_size=10_000))
    assert_type(pipeline.stats(), sdk.PipelineStats)
    assert_type(pipeline.stats().metrics["otlp"].retried, int)


class Newest:
    """Be a reservoir without inheriting from anything."""

    def offer(self, value: float, span: trace.Span | None, filtered: Mapping[str, Any] | None = None) -> None:
        """Keep nothing."""

    def collect(self, since_ns: int) -> Sequence[metrics.Exemplar]:
        """Return nothing."""
        return ()


def the_opentracing_bridge() -> None:
    """Install the bridge, and see the native span of a bridged one."""
    sdk.configure(exporters=[Tally()])
    legacy = bridge.install(takeover=False)
    assert_type(legacy, bridge.Tracer)
    assert_type(legacy.start_span("charge").native, trace.Span)
    bridge.uninstall()


def the_opencensus_bridge(vendor: object) -> None:
    """Install the bridge, and use what patches nothing."""
    census_bridge.install(legacy_exporters="replace", tags_as_baggage=True)
    sdk.configure(exporters=[census_bridge.LegacyExporter(vendor, one_trace_at_a_time=False)])
    census_bridge.MetricsExporter().close()
    census_bridge.uninstall()
