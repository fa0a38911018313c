"""A pipeline that keeps in memory what the libraries' integrations record."""

from __future__ import annotations

import os

import pytest
from _served import over_asgi

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


@pytest.fixture
def points(memory):
    """Return a function that returns the attributes of each point of a metric."""

    def measured(name):
        sdk.get_pipeline().force_flush(timeout_s=5)
        return [
            dict(point.attributes)
            for metric in memory.metrics
            if metric.name == name
            for point in metric.points
        ]

    return measured


@pytest.fixture
def port():
    """Return a function that returns the port of a server, which the outer test has started."""
    return lambda name: int(os.environ[f"MIDSPAN_TEST_{name.upper()}"])


@pytest.fixture
def uvicorn_port():
    """Return what serves an ASGI application for the time of a `with` block, which gets the port."""
    return over_asgi
