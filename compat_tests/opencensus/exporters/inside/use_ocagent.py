"""opencensus-ext-ocagent, and the messages that reach an agent over gRPC: spans and metrics."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import _application
import grpc
from opencensus.ext.ocagent import stats_exporter
from opencensus.ext.ocagent.trace_exporter import TraceExporter
from opencensus.proto.agent.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opencensus.proto.agent.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


class Agent(trace_service_pb2_grpc.TraceServiceServicer, metrics_service_pb2_grpc.MetricsServiceServicer):
    """Keeps requests of both services, whose one method has the same name in both."""

    def __init__(self):
        self.spans = []
        self.metrics = []

    def Export(self, request_iterator, context):  # noqa: N802 - as gRPC calls it
        for request in request_iterator:
            if isinstance(request, trace_service_pb2.ExportTraceServiceRequest):
                self.spans.extend(request.spans)
                yield trace_service_pb2.ExportTraceServiceResponse()
            else:
                self.metrics.extend(request.metrics)
                yield metrics_service_pb2.ExportMetricsServiceResponse()


def main(mode):
    """Return what the agent was sent."""
    agent = Agent()
    server = grpc.server(ThreadPoolExecutor(4))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(agent, server)
    metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(agent, server)
    endpoint = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    _application.trace_with(mode, TraceExporter("shop", endpoint=endpoint))
    handler = stats_exporter.ExportRpcHandler(stats_exporter._create_stub(endpoint), "shop")
    _application.measure_with(mode, stats_exporter.StatsExporter(handler))
    deadline = time.monotonic() + 10
    while (
        len({metric.metric_descriptor.name for metric in agent.metrics}) < 3 and time.monotonic() < deadline
    ):
        time.sleep(0.02)
    server.stop(None)
    metrics = {metric.metric_descriptor.name: _metric(metric) for metric in agent.metrics}
    return {**_application.told([_row(span) for span in agent.spans]), "metrics": metrics}


def _row(span):
    return {
        "id": span.span_id.hex(),
        "parent": span.parent_span_id.hex() or None,
        "trace": span.trace_id.hex(),
        "name": span.name.value,
        "kind": span.kind,
        "status": (span.status.code, span.status.message),
        "attributes": _attributes(span.attributes),
        "notes": [
            (event.annotation.description.value, _attributes(event.annotation.attributes))
            for event in span.time_events.time_event
        ],
        "links": [(link.trace_id.hex(), link.span_id.hex(), link.type) for link in span.links.link],
        "took": (span.end_time.ToNanoseconds() - span.start_time.ToNanoseconds()) >= 0,
    }


def _attributes(given):
    found = {key: str(value).strip() for key, value in given.attribute_map.items()}
    return {key: value for key, value in found.items() if not key.startswith("opencensus.")}


def _metric(metric):
    descriptor = metric.metric_descriptor
    keys = [label.key for label in descriptor.label_keys]
    return {
        "type": descriptor.type,
        "unit": descriptor.unit,
        "description": descriptor.description,
        "series": sorted(
            (
                dict(zip(keys, (label.value for label in series.label_values), strict=True)),
                [_point(point) for point in series.points],
            )
            for series in metric.timeseries
        ),
        "starts": all(series.start_timestamp.seconds > 0 for series in metric.timeseries),
    }


def _point(point):
    if point.WhichOneof("value") != "distribution_value":
        return getattr(point, point.WhichOneof("value"))
    value = point.distribution_value
    bounds = list(value.bucket_options.explicit.bounds)
    return {
        "count": value.count,
        "sum": value.sum,
        "bounds": bounds,
        "buckets": [bucket.count for bucket in value.buckets],
    }
