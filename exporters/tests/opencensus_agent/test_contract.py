"""The exporter keeps the contracts of all exporters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from exporters.tests.opencensus_agent._decoder import decode_metrics, decode_spans
from midspan.exporters.opencensus_agent import OpenCensusAgentExporter
from midspan.testing import ExporterContract, MetricExporterContract, odd_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator


class Sending:
    """Make exporters that send to an agent of the test's own."""

    agent: Any

    @pytest.fixture(autouse=True)
    def server(self, agent):
        """Give each test an agent of its own."""
        self.agent = agent

    def make_exporter(self) -> OpenCensusAgentExporter:
        return OpenCensusAgentExporter(self.agent.endpoint, environment={})

    def messages(self, signal: str) -> Iterator[bytes]:
        """Return what arrived of a signal."""
        return (body for stream in self.agent.streams if stream.signal == signal for body in stream.messages)


class TestSpans(Sending, ExporterContract):
    """Spans."""

    def received(self, exporter: OpenCensusAgentExporter) -> list[str]:
        return [
            span["name"] for body in self.messages("spans") for span in decode_spans(body).get("spans", ())
        ]


class TestMetrics(Sending, MetricExporterContract):
    """Metrics."""

    def received_metrics(self, exporter: OpenCensusAgentExporter) -> list[str]:
        return [
            metric["metric_descriptor"].get("name", "")
            for body in self.messages("metrics")
            for metric in decode_metrics(body).get("metrics", ())
        ]

    def test_whatever_a_metric_may_hold_arrives(self) -> None:
        """All but what tells of changes only, for which OpenCensus has no type."""
        exporter = self.make_exporter()
        assert exporter.export_metrics(odd_metrics())
        names = {metric.name for metric in odd_metrics() if metric.points} - {"delta"}
        assert names == set(self.received_metrics(exporter))
