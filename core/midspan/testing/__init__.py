"""Test code that uses midspan, and what extends it."""

from __future__ import annotations

from midspan.testing._clock import FakeClock
from midspan.testing._memory import MemoryExporter

__all__ = ["FakeClock", "MemoryExporter"]
