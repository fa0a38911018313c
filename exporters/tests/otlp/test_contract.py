"""The exporter keeps the contract of all exporters, over HTTP and over gRPC."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from exporters.tests.grpc.conftest import server, start
from midspan.exporters.otlp import OTLPExporter
from midspan.testing import ExporterContract, MetricExporterContract

__all__ = ["server", "start"]


def spans_in(bodies: list[bytes]) -> list[str]:
    """Return the names of spans, as protobuf's own runtime reads them."""
    return [
        span.name
        for body in bodies
        for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]


def metrics_in(bodies: list[bytes]) -> list[str]:
    """Return the names of metrics likewise."""
    return [
        metric.name
        for body in bodies
        for resource_metrics in ExportMetricsServiceRequest.FromString(body).resource_metrics
        for scope_metrics in resource_metrics.scope_metrics
        for metric in scope_metrics.metrics
    ]


class OverHTTP:
    """To a server that each test has for itself."""

    @pytest.fixture(autouse=True)
    def listening(self, collector):
        """Give each test a collector of its own."""
        self.collector = collector

    def make_exporter(self) -> OTLPExporter:
        return OTLPExporter(endpoint=self.collector.url)

    def bodies(self) -> list[bytes]:
        return [request.body for request in self.collector.received]


class OverGRPC:
    """The same."""

    @pytest.fixture(autouse=True)
    def listening(self, server):
        """Give each test a server of its own."""
        self.server = server

    def make_exporter(self) -> OTLPExporter:
        return OTLPExporter(endpoint=f"http://{self.server.address}", protocol="grpc")

    def bodies(self) -> list[bytes]:
        return [called.body for called in self.server.called]


class TestOTLP(OverHTTP, ExporterContract):
    def received(self, exporter: OTLPExporter) -> list[str]:
        return spans_in(self.bodies())


class TestOTLPMetrics(OverHTTP, MetricExporterContract):
    def received_metrics(self, exporter: OTLPExporter) -> list[str]:
        return metrics_in(self.bodies())


class TestOTLPOverGRPC(OverGRPC, ExporterContract):
    def received(self, exporter: OTLPExporter) -> list[str]:
        return spans_in(self.bodies())


class TestOTLPMetricsOverGRPC(OverGRPC, MetricExporterContract):
    def received_metrics(self, exporter: OTLPExporter) -> list[str]:
        return metrics_in(self.bodies())
