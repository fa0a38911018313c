"""OpenTracing code over OpenTelemetry, by its shim."""

from __future__ import annotations

from opentelemetry.shim.opentracing_shim import create_tracer

from compat_tests.performance._timed import Timed
from compat_tests.performance.sides.opentelemetry._pipeline import Pipeline


def opentracing_tag() -> Timed:
    """An active span that gets one tag."""
    pipeline = Pipeline()
    tracer = create_tracer(pipeline.provider)

    def run(iterations: int) -> None:
        for _ in range(iterations):
            scope = tracer.start_active_span("charge")
            scope.span.set_tag("component", "shop")
            scope.close()

    return Timed(run, pipeline.exporter.made, pipeline.exporter.sample, pipeline.settle)
