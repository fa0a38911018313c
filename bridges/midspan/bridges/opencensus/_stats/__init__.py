"""OpenCensus's stats and metrics, told by midspan's pipeline."""

from __future__ import annotations

from midspan.bridges.opencensus._stats._hooks import METHODS, put_in_place, take_out

__all__ = ["METHODS", "put_in_place", "take_out"]
