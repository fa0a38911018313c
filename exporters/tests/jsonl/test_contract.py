"""The exporter keeps the contract of all exporters."""

from __future__ import annotations

import pytest

from midspan.exporters.jsonl import JSONLinesExporter, read
from midspan.testing import ExporterContract


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
