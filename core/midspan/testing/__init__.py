"""Test code that uses midspan, and what extends it.

>>> from midspan import testing, trace
>>> with testing.pipeline() as memory:
...     trace.get_tracer("shop").start_span("charge").end()
>>> [span.name for span in memory.spans]
['charge']

Whoever writes an exporter, a propagator or a bridge subclasses the contract for it: a suite of tests, in
plain asserts, that pytest collects.
"""

from __future__ import annotations

from midspan.testing._bridges import BridgeContract
from midspan.testing._clock import FakeClock
from midspan.testing._exporters import ExporterContract
from midspan.testing._memory import MemoryExporter
from midspan.testing._metric_exporters import MetricExporterContract
from midspan.testing._metrics import finished_metrics, odd_metrics
from midspan.testing._pipeline import pipeline
from midspan.testing._propagators import PropagatorContract
from midspan.testing._spans import finished_spans, odd_spans

__all__ = [
    "BridgeContract",
    "ExporterContract",
    "FakeClock",
    "MemoryExporter",
    "MetricExporterContract",
    "PropagatorContract",
    "finished_metrics",
    "finished_spans",
    "odd_metrics",
    "odd_spans",
    "pipeline",
]
