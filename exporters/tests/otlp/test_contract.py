"""The exporter keeps the contract of all exporters."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from midspan.exporters.otlp import OTLPExporter
from midspan.testing import ExporterContract, MetricExporterContract


class TestOTLP(ExporterContract):
    """Over HTTP, to a collector that decodes with protobuf's own runtime."""

    @pytest.fixture(autouse=True)
    def server(self, collector):
        """Give each test a collector of its own."""
        self.collector = collector

    def make_exporter(self) -> OTLPExporter:
        return OTLPExporter(endpoint=self.collector.url)

    def received(self, exporter: OTLPExporter) -> list[str]:
        return [
            span.name
            for request in self.collector.received
            for resource_spans in ExportTraceServiceRequest.FromString(request.body).resource_spans
            for scope_spans in resource_spans.scope_spans
            for span in scope_spans.spans
        ]


class TestOTLPMetrics(MetricExporterContract):
    """Over HTTP, to a collector that decodes with protobuf's own runtime."""

    @pytest.fixture(autouse=True)
    def server(self, collector):
        """Give each test a collector of its own."""
        self.collector = collector

    def make_exporter(self) -> OTLPExporter:
        return OTLPExporter(endpoint=self.collector.url)

    def received_metrics(self, exporter: OTLPExporter) -> list[str]:
        return [
            metric.name
            for request in self.collector.received
            for resource_metrics in ExportMetricsServiceRequest.FromString(request.body).resource_metrics
            for scope_metrics in resource_metrics.scope_metrics
            for metric in scope_metrics.metrics
        ]
