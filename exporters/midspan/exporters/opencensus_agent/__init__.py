"""Send finished spans and metrics to OpenCensus's agent, or to a Collector that listens for it."""

from __future__ import annotations

from midspan.exporters.opencensus_agent._metrics import encode_metrics
from midspan.exporters.opencensus_agent._spans import encode_spans

__all__ = ["encode_metrics", "encode_spans"]
