"""OpenTracing code over ddtrace 3, by its own OpenTracing tracer."""

from __future__ import annotations

from ddtrace.opentracer import Tracer

from compat_tests.performance._timed import Timed
from compat_tests.performance.sides.ddtrace._writer import discarding


def opentracing_tag() -> Timed:
    """An active span that gets one tag."""
    tracer = Tracer(service_name="shop")
    writer = discarding(tracer._dd_tracer)

    def run(iterations: int) -> None:
        for _ in range(iterations):
            scope = tracer.start_active_span("charge")
            scope.span.set_tag("component", "shop")
            scope.close()

    return Timed(run, writer.made, writer.sample)
