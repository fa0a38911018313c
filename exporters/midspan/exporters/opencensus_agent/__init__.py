"""Send finished spans and metrics to OpenCensus's agent, or to a Collector with the receiver `opencensus`.

>>> from midspan import sdk
>>> pipeline = sdk.configure(exporters=[OpenCensusAgentExporter("localhost:55678")])
"""

from __future__ import annotations

from midspan.exporters.opencensus_agent._exporter import OpenCensusAgentExporter
from midspan.exporters.opencensus_agent._metrics import encode_metrics
from midspan.exporters.opencensus_agent._spans import encode_spans

__all__ = ["OpenCensusAgentExporter", "encode_metrics", "encode_spans"]
