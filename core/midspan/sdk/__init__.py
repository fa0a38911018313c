"""Configure what happens after the call: sampling, limits, batches, exporters.

An application calls `configure()` once, at its start; libraries never do.

>>> from midspan import sdk, testing, trace
>>> memory = testing.MemoryExporter()
>>> pipeline = sdk.configure(service_name="checkout", exporters=[memory])
>>> with trace.get_tracer("shop").start_as_current_span("charge"):
...     pass
>>> [span.name for span in memory.spans]
['charge']
>>> pipeline.shutdown(timeout_s=5)
True
"""

from __future__ import annotations

from midspan.sdk import aggregation, exemplars, ids, sampling, views
from midspan.sdk._account import ExporterStats, PipelineStats
from midspan.sdk._batch import BatchSettings
from midspan.sdk._clock import Clock
from midspan.sdk._configure import configure, get_pipeline, reset
from midspan.sdk._delivery import DeliverySettings, SpillSettings
from midspan.sdk._environment import ConfigurationError
from midspan.sdk._pipeline import Pipeline
from midspan.sdk._plugins import Batch, Simple
from midspan.sdk._readers import MetricSettings, PullReader
from midspan.sdk.views import View

__all__ = [
    "Batch",
    "BatchSettings",
    "Clock",
    "ConfigurationError",
    "DeliverySettings",
    "ExporterStats",
    "MetricSettings",
    "Pipeline",
    "PipelineStats",
    "PullReader",
    "Simple",
    "SpillSettings",
    "View",
    "aggregation",
    "configure",
    "exemplars",
    "get_pipeline",
    "ids",
    "reset",
    "sampling",
    "views",
]
