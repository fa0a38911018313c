"""The exporter keeps the contract of all exporters."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from midspan.exporters.kafka import KafkaExporter
from midspan.testing import ExporterContract, MetricExporterContract

# To agree with the broker on idempotence takes half a second, in each test.
PLAIN = {"enable.idempotence": False}


class TestKafka(ExporterContract):
    """To a topic of one partition, since several have no order among them."""

    @pytest.fixture(autouse=True)
    def broker(self, cluster):
        """Give each test a broker of its own."""
        cluster.make_topic("otlp_spans", 1)
        self.cluster = cluster

    def make_exporter(self) -> KafkaExporter:
        return KafkaExporter(self.cluster.address, config=PLAIN, environment={})

    def received(self, exporter: KafkaExporter) -> list[str]:
        return [name for message in self.cluster.arrived() for name in message.names]


class TestKafkaMetrics(MetricExporterContract):
    """The same for metrics."""

    @pytest.fixture(autouse=True)
    def broker(self, cluster):
        """Give each test a broker of its own."""
        cluster.make_topic("otlp_metrics", 1)
        self.cluster = cluster

    def make_exporter(self) -> KafkaExporter:
        return KafkaExporter(self.cluster.address, config=PLAIN, environment={})

    def received_metrics(self, exporter: KafkaExporter) -> list[str]:
        return [
            metric.name
            for message in self.cluster.arrived("otlp_metrics")
            for resource_metrics in ExportMetricsServiceRequest.FromString(message.value).resource_metrics
            for scope_metrics in resource_metrics.scope_metrics
            for metric in scope_metrics.metrics
        ]
