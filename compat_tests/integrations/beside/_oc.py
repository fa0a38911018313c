"""What every application with OpenCensus does first."""

from __future__ import annotations

from opencensus.trace import samplers
from opencensus.trace.tracer import Tracer


def traced():
    """Return a block of OpenCensus's, in which its extensions record."""
    return Tracer(sampler=samplers.AlwaysOnSampler()).span("oc page")
