"""OpenTracing code over midspan, by its bridge."""

from __future__ import annotations

from compat_tests.performance._timed import Timed
from compat_tests.performance.sides.midspan._pipeline import Pipeline
from midspan.bridges.opentracing import Tracer


def opentracing_tag() -> Timed:
    """An active span that gets one tag."""
    pipeline = Pipeline()
    tracer = Tracer()

    def run(iterations: int) -> None:
        for _ in range(iterations):
            scope = tracer.start_active_span("charge")
            scope.span.set_tag("component", "shop")
            scope.close()

    return Timed(run, pipeline.exporter.made, pipeline.exporter.sample, pipeline.settle)
