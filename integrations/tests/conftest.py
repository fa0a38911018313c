"""A pipeline that keeps in memory what integrations record."""

from __future__ import annotations

import pytest

from midspan import sdk
from midspan.testing import MemoryExporter


@pytest.fixture
def memory():
    """Configure a pipeline anew, and return what keeps its spans and metrics."""
    exporter = MemoryExporter()
    sdk.configure(exporters=[exporter])
    yield exporter
    sdk.reset()


@pytest.fixture
def spans(memory):
    """Return a function that returns the finished spans, in the order in which they began."""

    def finished():
        sdk.get_pipeline().force_flush(timeout_s=5)
        return sorted(memory.spans, key=lambda span: span.start_ns)

    return finished
