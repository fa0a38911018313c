"""OpenCensus code over midspan, by its bridge."""

from __future__ import annotations

from opencensus.trace.samplers import AlwaysOnSampler
from opencensus.trace.tracer import Tracer

from compat_tests.performance._timed import Timed
from compat_tests.performance.sides.midspan._pipeline import Pipeline
from midspan.bridges.opencensus import install


def opencensus_span() -> Timed:
    """A span of OpenCensus's in an empty block."""
    pipeline = Pipeline()
    install(legacy_exporters="replace")
    tracer = Tracer(sampler=AlwaysOnSampler())

    def run(iterations: int) -> None:
        for _ in range(iterations):
            with tracer.span("charge"):
                pass

    return Timed(run, pipeline.exporter.made, pipeline.exporter.sample, pipeline.settle)
