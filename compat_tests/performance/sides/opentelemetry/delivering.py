"""Spans on their whole way, from start to the collector's acknowledgement, by OpenTelemetry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from compat_tests.performance._collector import Collector
from compat_tests.performance._orders import user_ids
from compat_tests.performance._timed import Timed

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter


def deliver_http() -> Timed:
    """OTLP/HTTP as it is by default: not compressed."""
    collector = Collector("http")
    return _delivered(collector, OTLPSpanExporter(f"http://{collector.address}/v1/traces"))


def deliver_http_gzip() -> Timed:
    """OTLP/HTTP, compressed."""
    collector = Collector("http")
    exporter = OTLPSpanExporter(f"http://{collector.address}/v1/traces", compression=Compression.Gzip)
    return _delivered(collector, exporter)


def deliver_grpc() -> Timed:
    """OTLP/gRPC."""
    # Imported here: who sends over HTTP does not have it in memory.
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter

    collector = Collector("grpc")
    return _delivered(collector, GrpcExporter(f"http://{collector.address}", insecure=True))


def _delivered(collector: Collector, exporter: SpanExporter) -> Timed:
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("shop.checkout", "1.2.0")
    users: list[str] = []

    def prepare(iterations: int) -> None:
        users[:] = user_ids(iterations)

    def run(_iterations: int) -> None:
        for number, user in enumerate(users):
            with tracer.start_as_current_span(
                "charge",
                attributes={
                    "http.method": "POST",
                    "http.route": "/cart",
                    "cart.items": number,
                    "user.id": user,
                    "user.known": True,
                },
            ):
                pass

    def settle() -> None:
        if not provider.force_flush(60_000):
            raise AssertionError("not all was flushed")

    return Timed(run, collector.count, collector.latest, settle, prepare)


def neutral_delivered(payload_hex: str) -> list[Any]:
    """Decode any side's payload into what the sides must agree on, which is all but ids, times and origin."""
    request = ExportTraceServiceRequest.FromString(bytes.fromhex(payload_hex))
    return [
        [scoped.scope.name, scoped.scope.version, span.name, span.kind, sorted(map(str, span.attributes))]
        for of_resource in request.resource_spans
        for scoped in of_resource.scope_spans
        for span in scoped.spans
    ]
