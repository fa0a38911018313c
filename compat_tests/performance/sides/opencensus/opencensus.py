"""OpenCensus code, by OpenCensus itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compat_tests.performance.sides.opencensus.tracing import span_current

if TYPE_CHECKING:
    from compat_tests.performance._timed import Timed


def opencensus_span() -> Timed:
    """A span of OpenCensus's in an empty block."""
    return span_current()
