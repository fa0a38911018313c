"""The same spans and metrics, as opencensus-ext-ocagent and as midspan write them: both as JSON.

An application of OpenCensus runs under the bridge, which goes on feeding its own exporter; what either sends
is read by OpenCensus's generated code.
"""

from __future__ import annotations

import json
import os
from datetime import datetime

from google.protobuf.json_format import MessageToDict
from opencensus.common.transports.sync import SyncTransport
from opencensus.ext.ocagent import stats_exporter
from opencensus.ext.ocagent.trace_exporter import TraceExporter
from opencensus.metrics.export.gauge import DoubleGauge, LongGauge, Registry
from opencensus.metrics.label_key import LabelKey
from opencensus.metrics.label_value import LabelValue
from opencensus.proto.agent.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opencensus.proto.agent.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opencensus.stats import aggregation, measure, view
from opencensus.stats.stats import stats
from opencensus.tags import TagMap
from opencensus.trace import link, samplers, span, status, time_event
from opencensus.trace.tracer import Tracer

from midspan import sdk
from midspan.bridges import opencensus as bridge
from midspan.exporters.opencensus_agent import encode_metrics, encode_spans

# OpenCensus's times are in UTC and do not say so.
MOMENT = datetime(2026, 1, 2, 3, 4, 5, 600_700)  # noqa: DTZ001 - as said


class Kept:
    """What both exporters sent."""

    def __init__(self):
        self.ours = {"spans": [], "metrics": []}
        self.theirs = {"spans": [], "metrics": []}

    # An exporter of midspan's.

    def export_spans(self, spans):
        self.ours["spans"] += told(ExportTraceServiceRequest.FromString(encode_spans(spans)).spans)

    def export_metrics(self, metrics):
        payload = encode_metrics(metrics, scope_labels=False)
        self.ours["metrics"] += told(ExportMetricsServiceRequest.FromString(payload).metrics)

    def shutdown(self, timeout_s):
        pass

    # The agent's service, which OpenCensus's exporters call.

    def Export(self, requests):  # noqa: N802 - as gRPC calls it
        for request in requests:
            self.theirs["spans"] += told(request.spans)
        return []

    def send(self, request):
        self.theirs["metrics"] += told(request.metrics)


def told(messages):
    """Return messages as plain values."""
    return [MessageToDict(message, preserving_proto_field_name=True) for message in messages]


def trace(exporter):
    """Serve a request: a trace of two spans, with all that OpenCensus's spans can hold."""
    tracer = Tracer(sampler=samplers.AlwaysOnSampler(), exporter=exporter)
    with tracer.span("GET /cart") as outer:
        outer.span_kind = span.SpanKind.SERVER
        with tracer.span("charge é") as inner:
            inner.span_kind = span.SpanKind.CLIENT
            for key, value in {"card": "visa", "items": 3, "paid": False, "price": 1.5}.items():
                inner.add_attribute(key, value)
            inner.add_annotation("declined", code=51, why="limit")
            inner.add_message_event(message_event(time_event.Type.SENT, 7))
            inner.add_message_event(message_event(time_event.Type.RECEIVED, 8))
            inner.add_link(link.Link("1" * 32, "2" * 16, link.Type.CHILD_LINKED_SPAN))
            inner.add_link(link.Link("3" * 32, "4" * 16, link.Type.PARENT_LINKED_SPAN))
            inner.set_status(status.Status(7, "card declined"))


def message_event(kind, number):
    """Return one of a message of a call, whose exporter wants all of it."""
    return time_event.MessageEvent(
        MOMENT, id=number, type=kind, uncompressed_size_bytes=1024, compressed_size_bytes=512
    )


def measure_something():
    """Record into views of every aggregation, and set gauges."""
    counted = measure.MeasureInt("counted", "", "By")
    timed = measure.MeasureFloat("timed", "", "ms")
    views = {
        "count": (counted, aggregation.CountAggregation()),
        "whole sum": (counted, aggregation.SumAggregation()),
        "sum": (timed, aggregation.SumAggregation()),
        "last": (timed, aggregation.LastValueAggregation()),
        "latency": (timed, aggregation.DistributionAggregation([1.0, 5.0])),
    }
    for name, (of, how) in views.items():
        stats.view_manager.register_view(view.View(name, f"about {name}", ["shop", "till"], of, how))
    for shop, latency in (("a", 0.5), ("a", 2.0), ("", 7.0)):
        tags = TagMap()
        tags.insert("shop", shop)
        measurements = stats.stats_recorder.new_measurement_map()
        measurements.measure_int_put(counted, 3)
        measurements.measure_float_put(timed, latency)
        measurements.record(tags)


def registry():
    """Return gauges of both kinds."""
    gauges = Registry()
    for kind, name, value in ((LongGauge, "queue", 7), (DoubleGauge, "load", 0.5)):
        gauge = kind(name, f"about {name}", "1", [LabelKey("shop", "")])
        gauge.get_or_create_time_series([LabelValue("a")]).set(value)
        gauges.add_gauge(gauge)
    return gauges


def main():
    """Play, and print what both sent."""
    kept = Kept()
    settings = {"strict": True, "environment": {}, "self_metrics": False}
    pipeline = sdk.configure(service_name="shop", exporters=[kept], **settings)
    bridge.install(legacy_exporters="tee")
    trace(TraceExporter("shop", client=kept, transport=SyncTransport))
    measure_something()
    gauges = registry()
    exporter = stats_exporter.StatsExporter(kept)
    exporter.export_metrics([*stats.get_metrics(), *gauges.get_metrics()])
    assert pipeline.force_flush(10)
    print(json.dumps({"ours": kept.ours, "theirs": kept.theirs}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
