"""OpenCensus over midspan: unmodified OpenCensus code makes native spans, in one trace with all others.

>>> from opencensus.trace.samplers import AlwaysOnSampler
>>> from opencensus.trace.tracer import Tracer
>>> from midspan.bridges import opencensus as bridge
>>> bridge.install()
>>> with Tracer(sampler=AlwaysOnSampler()).span("charge") as span:
...     span.add_attribute("card", "visa")
>>> bridge.uninstall()

What differs from OpenCensus alone is listed in docs/opencensus.md, and each row there has a test of its name.
"""

from __future__ import annotations

from midspan.bridges.opencensus._exporter import Exporter
from midspan.bridges.opencensus._install import install, uninstall
from midspan.bridges.opencensus._legacy_exporter import LegacyExporter
from midspan.bridges.opencensus._metrics_exporter import MetricsExporter

__all__ = ["Exporter", "LegacyExporter", "MetricsExporter", "install", "uninstall"]
