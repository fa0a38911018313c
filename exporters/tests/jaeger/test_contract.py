"""The exporter keeps the contract of all exporters, on both of its ways."""

from __future__ import annotations

import pytest

from exporters.tests.jaeger._oracle import batch_of_request
from midspan import _trouble
from midspan.exporters.jaeger import JaegerExporter
from midspan.exporters.jaeger._encoding import for_agent
from midspan.testing import ExporterContract, odd_spans


class TestToAnAgent(ExporterContract):
    """Over UDP, read by thriftpy2."""

    @pytest.fixture(autouse=True)
    def server(self, agent):
        """Give each test an agent of its own."""
        self.agent = agent

    def make_exporter(self) -> JaegerExporter:
        return JaegerExporter(agent_host="127.0.0.1", agent_port=self.agent.port)

    def received(self, exporter: JaegerExporter) -> list[str]:
        return self.agent.names()

    def test_whatever_a_span_may_hold_arrives(self) -> None:
        """All but what has no room in a datagram: a span of more than 65,000 bytes is lost, and said so."""
        exporter, spans = self.make_exporter(), odd_spans()
        fits = [span for span in spans if len(for_agent().encode([span])) < 65_000]
        assert not exporter.export_spans(spans)
        assert 0 < len(fits) < len(spans)
        assert [span.name for span in fits] == self.agent.names()
        assert 1 == _trouble.counts()["jaeger.not_sent"]


class TestToACollector(ExporterContract):
    """Over HTTP, read by thriftpy2."""

    @pytest.fixture(autouse=True)
    def server(self, collector):
        """Give each test a collector of its own."""
        self.collector = collector

    def make_exporter(self) -> JaegerExporter:
        return JaegerExporter(self.collector.url)

    def received(self, exporter: JaegerExporter) -> list[str]:
        return [
            span.operationName
            for request in self.collector.received
            for span in batch_of_request(request.body).spans
        ]
