"""opencensus-ext-stackdriver with Google's own clients, and what reaches a server over gRPC."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import _application
import grpc
from google.api import metric_pb2
from google.auth.credentials import AnonymousCredentials
from google.cloud import monitoring_v3
from google.cloud.monitoring_v3.services.metric_service.transports import MetricServiceGrpcTransport
from google.cloud.trace._gapic import _TraceAPI
from google.cloud.trace.client import Client
from google.cloud.trace_v2.gapic.trace_service_client import TraceServiceClient
from google.cloud.trace_v2.gapic.transports.trace_service_grpc_transport import TraceServiceGrpcTransport
from google.cloud.trace_v2.proto import tracing_pb2
from google.protobuf import empty_pb2
from opencensus.common.transports.sync import SyncTransport
from opencensus.ext.stackdriver.stats_exporter import Options, StackdriverStatsExporter
from opencensus.ext.stackdriver.trace_exporter import StackdriverExporter

SPANS = tracing_pb2.BatchWriteSpansRequest
SERIES = monitoring_v3.CreateTimeSeriesRequest.pb()
DESCRIPTOR = monitoring_v3.CreateMetricDescriptorRequest.pb()
ANSWERS = {
    "BatchWriteSpans": (SPANS, lambda _: empty_pb2.Empty()),
    "CreateTimeSeries": (SERIES, lambda _: empty_pb2.Empty()),
    "CreateMetricDescriptor": (DESCRIPTOR, lambda request: request.metric_descriptor),
}


class Google(grpc.GenericRpcHandler):
    """Keeps the requests of the three calls that the exporters make."""

    def __init__(self):
        self.requests = {name: [] for name in ANSWERS}

    def service(self, handler_call_details):
        name = handler_call_details.method.rpartition("/")[2]
        kind, answer = ANSWERS[name]

        def serve(request, context):
            self.requests[name].append(request)
            return answer(request)

        return grpc.unary_unary_rpc_method_handler(
            serve,
            request_deserializer=kind.FromString,
            response_serializer=type(answer(kind())).SerializeToString,
        )


def main(mode):
    """Return what the server was sent."""
    google = Google()
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers([google])
    channel = grpc.insecure_channel(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    server.start()
    client = Client(project="shop", credentials=AnonymousCredentials())
    client._trace_api = _TraceAPI(
        TraceServiceClient(transport=TraceServiceGrpcTransport(channel=channel)), client
    )
    _application.trace_with(mode, StackdriverExporter(client, transport=SyncTransport))
    metrics = monitoring_v3.MetricServiceClient(transport=MetricServiceGrpcTransport(channel=channel))
    options = Options("shop", "global", "shop", {})
    # It raises for OpenCensus's own gauges, whose start is no text, and loses all that goes with them.
    _application.measure_with(mode, StackdriverStatsExporter(options, metrics), gauges=False)
    server.stop(None)
    spans = [span for request in google.requests["BatchWriteSpans"] for span in request.spans]
    series = [each for request in google.requests["CreateTimeSeries"] for each in request.time_series]
    return {
        **_application.told([_row(span) for span in spans]),
        "metrics": sorted(map(_series, series), key=str),
        "descriptors": sorted(
            _descriptor(request.metric_descriptor) for request in google.requests["CreateMetricDescriptor"]
        ),
    }


def _row(span):
    return {
        "id": span.span_id,
        "parent": span.parent_span_id or None,
        "trace": span.name.split("/")[3],
        "name": span.display_name.value,
        "status": (span.status.code, span.status.message),
        "attributes": _attributes(span.attributes),
        "notes": [
            (event.annotation.description.value, _attributes(event.annotation.attributes))
            for event in span.time_events.time_event
        ],
        "links": [(link.trace_id, link.span_id, link.type) for link in span.links.link],
        "took": span.end_time.ToNanoseconds() >= span.start_time.ToNanoseconds(),
    }


def _attributes(given):
    found = {key: str(value).strip() for key, value in given.attribute_map.items()}
    return {key: value for key, value in found.items() if not key.startswith(("opencensus.", "g.co/"))}


def _series(series):
    (point,) = series.points
    value = point.value
    kind = value.WhichOneof("value")
    if kind == "distribution_value":
        shown = value.distribution_value
        bounds = list(shown.bucket_options.explicit_buckets.bounds)
        told = (shown.count, shown.mean, bounds, list(shown.bucket_counts))
    else:
        told = getattr(value, kind)
    times = point.interval.start_time.ToNanoseconds() <= point.interval.end_time.ToNanoseconds()
    return series.metric.type, dict(series.metric.labels), kind, told, times


def _descriptor(given):
    kinds = metric_pb2.MetricDescriptor
    return (
        given.type,
        kinds.MetricKind.Name(given.metric_kind),
        kinds.ValueType.Name(given.value_type),
        given.unit,
        given.description,
    )
