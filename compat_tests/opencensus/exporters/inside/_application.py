"""An application whose telemetry a vendor's OpenCensus exporter takes: three ways to the same exporter.

`plain` is OpenCensus alone, `tee` the same under the bridge, `native` the same spans and metrics made by
midspan, through `LegacyExporter`.
"""

from __future__ import annotations

from opencensus.metrics import transport
from opencensus.metrics.export.gauge import LongGauge, Registry
from opencensus.metrics.label_key import LabelKey
from opencensus.metrics.label_value import LabelValue
from opencensus.stats import aggregation, measure, view
from opencensus.stats.stats import stats
from opencensus.tags import TagMap
from opencensus.trace import link, samplers, span, status
from opencensus.trace.tracer import Tracer

from midspan import metrics, sdk, testing, trace
from midspan.bridges import opencensus as bridge

LINKED = ("1" * 32, "2" * 16)
REQUESTS = 3
LATENCIES = (0.5, 2.0, 7.0)
ABOUT = "about "


def begin(mode, exporter=None, **options):
    """Configure what the mode wants; return the pipeline, or None, and what keeps all that it exports."""
    memory = testing.MemoryExporter()
    if mode == "plain":
        return None, memory
    legacy = [bridge.LegacyExporter(exporter, **options)] if mode == "native" else []
    # Its own account would be more than OpenCensus alone has to tell.
    settings = {"strict": True, "environment": {}, "self_metrics": False}
    pipeline = sdk.configure(service_name="shop", exporters=[memory, *legacy], **settings)
    if mode == "tee":
        bridge.install(legacy_exporters="tee")
    return pipeline, memory


def trace_with(mode, exporter, **options):
    """Serve some requests, each a trace of two spans, the inner one failed."""
    pipeline, memory = begin(mode, exporter, **options)
    for _ in range(REQUESTS):
        if mode == "native":
            _native_request(trace.get_tracer("shop"))
        else:
            _request(Tracer(sampler=samplers.AlwaysOnSampler(), exporter=exporter))
    if pipeline is not None:
        assert pipeline.force_flush(10)
        assert 2 * REQUESTS == len(memory.spans)


def _request(tracer):
    with tracer.span("GET /cart") as outer:
        outer.span_kind = span.SpanKind.SERVER
        outer.add_attribute("http.method", "GET")
        with tracer.span("charge") as inner:
            inner.span_kind = span.SpanKind.CLIENT
            for key, value in {"card": "visa", "items": 3, "paid": False}.items():
                inner.add_attribute(key, value)
            inner.add_annotation("declined", code=51)
            inner.add_link(link.Link(*LINKED, link.Type.CHILD_LINKED_SPAN))
            inner.set_status(status.Status(2, "card declined"))


def _native_request(tracer):
    linked = trace.Link(
        trace.SpanContext(int(LINKED[0], 16), int(LINKED[1], 16)),
        {"opencensus.link_type": "CHILD_LINKED_SPAN"},
    )
    with (
        tracer.start_as_current_span(
            "GET /cart", kind=trace.SpanKind.SERVER, attributes={"http.method": "GET"}
        ),
        tracer.start_as_current_span("charge", kind=trace.SpanKind.CLIENT, links=[linked]) as inner,
    ):
        inner.set_attributes({"card": "visa", "items": 3, "paid": False})
        inner.add_event("declined", {"code": 51})
        inner.set_status(trace.StatusCode.ERROR, "card declined")


def measure_with(mode, exporter, *, gauges=True):
    """Count, distribute and gauge, and export once; the exporter takes metrics."""
    pipeline, memory = begin(mode, exporter)
    if mode == "native":
        _native_measurements(gauges)
        assert pipeline.force_flush(10)
        return
    producers = [stats, _registry()] if gauges else [stats]
    _record()
    thread = transport.get_exporter_thread(producers, exporter, interval=3600)
    thread.close()
    thread.join(10)
    if pipeline is not None:
        assert pipeline.force_flush(10)
        wanted = {"carts", "latency", *(["queue"] if gauges else [])}
        assert wanted <= {metric.name for metric in memory.metrics}


def _registry():
    registry = Registry()
    gauge = LongGauge("queue", ABOUT + "queue", "1", [LabelKey("shop", "")])
    gauge.get_or_create_time_series([LabelValue("a")]).set(7)
    registry.add_gauge(gauge)
    return registry


def _record():
    carts = measure.MeasureInt("carts measured", "", "1")
    latencies = measure.MeasureFloat("latencies measured", "", "ms")
    _register("carts", carts, aggregation.CountAggregation())
    _register("latency", latencies, aggregation.DistributionAggregation([1.0, 5.0]))
    tags = TagMap()
    tags.insert("shop", "a")
    for latency in LATENCIES:
        measurements = stats.stats_recorder.new_measurement_map()
        measurements.measure_int_put(carts, 1)
        measurements.measure_float_put(latencies, latency)
        measurements.record(tags)


def _register(name, of, how):
    stats.view_manager.register_view(view.View(name, ABOUT + name, ["shop"], of, how))


def record_views(mode, exporter):
    """Record for an exporter that takes the data of views."""
    begin(mode)
    stats.view_manager.register_exporter(exporter)
    _record()


def _native_measurements(gauges):
    meter = metrics.get_meter("shop")
    carts = meter.create_counter("carts", "1", ABOUT + "carts")
    latency = meter.create_histogram("latency", "ms", ABOUT + "latency", boundaries=[1.0, 5.0])
    for each in LATENCIES:
        carts.add(1, {"shop": "a"})
        latency.record(each, {"shop": "a"})
    if gauges:
        meter.create_gauge("queue", "1", ABOUT + "queue").set(7, {"shop": "a"})


def told(rows):
    """Show spans that were received by their names, which unlike ids are the same in every run."""
    spans = {row["id"]: row for row in rows}
    shown = []
    for row in rows:
        above = spans.get(row["parent"])
        assert above is None or above["trace"] == row["trace"], row
        facts = {key: value for key, value in row.items() if key not in {"id", "parent", "trace"}}
        shown.append({**facts, "parent": above["name"] if above else row["parent"] or None})
    return {"spans": sorted(shown, key=str), "traces": len({row["trace"] for row in rows})}
