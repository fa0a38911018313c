"""OpenCensus code over OpenTelemetry, by its shim."""

from __future__ import annotations

from opencensus.trace.samplers import AlwaysOnSampler
from opencensus.trace.tracer import Tracer
from opentelemetry.shim.opencensus import install_shim

from compat_tests.performance._timed import Timed
from compat_tests.performance.sides.opentelemetry._pipeline import Pipeline


def opencensus_span() -> Timed:
    """A span of OpenCensus's in an empty block."""
    pipeline = Pipeline()
    install_shim(pipeline.provider)
    tracer = Tracer(sampler=AlwaysOnSampler())

    def run(iterations: int) -> None:
        for _ in range(iterations):
            with tracer.span("charge"):
                pass

    return Timed(run, pipeline.exporter.made, pipeline.exporter.sample, pipeline.settle)
