"""OpenCensus's tags: its current ones as native baggage, and its binary format mended."""

from __future__ import annotations

from midspan.bridges.opencensus._tags._format import METHODS
from midspan.bridges.opencensus._tags._slot import switch
from midspan.bridges.opencensus._tags._tagged import Tagged, keep

__all__ = ["METHODS", "Tagged", "keep", "switch"]
