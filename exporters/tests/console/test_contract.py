"""The exporter keeps the contract of all exporters of metrics."""

from __future__ import annotations

import io
import re

import pytest

from midspan.exporters.console import ConsoleExporter
from midspan.testing import MetricExporterContract

# A metric's name stands at the margin of its first row, and at least two blanks before what follows.
ROW = re.compile(r" {3}(\S.*?)  ")


class TestConsole(MetricExporterContract):
    """Onto a terminal, whose tables are read again."""

    @pytest.fixture(autouse=True)
    def file(self):
        """Give each test a terminal of its own."""
        self.file = io.StringIO()

    def make_exporter(self) -> ConsoleExporter:
        return ConsoleExporter(self.file, width=160)

    def received_metrics(self, exporter: ConsoleExporter) -> list[str]:
        rows = filter(None, map(ROW.match, self.file.getvalue().splitlines()))
        return [row[1].removeprefix("(no name)") for row in rows]
