"""The exporter keeps the contract of all exporters."""

from __future__ import annotations

import pytest

from midspan.exporters.jsonl import JSONLinesExporter, read, read_metrics
from midspan.testing import ExporterContract, MetricExporterContract


class TestJSONLines(ExporterContract):
    """Into a file, which is read back."""

    @pytest.fixture(autouse=True)
    def file(self, tmp_path):
        """Give each test a file of its own."""
        self.path = tmp_path / "spans.jsonl"

    def make_exporter(self) -> JSONLinesExporter:
        return JSONLinesExporter(self.path)

    def received(self, exporter: JSONLinesExporter) -> list[str]:
        if not self.path.exists():
            return []
        with self.path.open(encoding="utf-8") as lines:
            return [span.name for span in read(lines)]


class TestJSONLinesOfMetrics(MetricExporterContract):
    """Into a file, which is read back."""

    @pytest.fixture(autouse=True)
    def file(self, tmp_path):
        """Give each test a file of its own."""
        self.path = tmp_path / "metrics.jsonl"

    def make_exporter(self) -> JSONLinesExporter:
        return JSONLinesExporter(self.path)

    def received_metrics(self, exporter: JSONLinesExporter) -> list[str]:
        with self.path.open(encoding="utf-8") as lines:
            return [metric.name for metric in read_metrics(lines)]
