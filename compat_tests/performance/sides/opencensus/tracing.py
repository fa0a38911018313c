"""The native tracing rows, by OpenCensus."""

from __future__ import annotations

from opencensus.trace.samplers import AlwaysOffSampler

from compat_tests.performance._timed import Timed
from compat_tests.performance.sides.opencensus._pipeline import Pipeline


def span_current() -> Timed:
    """A span that is current in an empty block."""
    pipeline = Pipeline()
    tracer = pipeline.tracer

    def run(iterations: int) -> None:
        for _ in range(iterations):
            with tracer.span("charge"):
                pass

    return Timed(run, pipeline.exporter.made, pipeline.exporter.sample, pipeline.settle)


def span_filled() -> Timed:
    """The same with four attributes at its start, one set later, and an event."""
    pipeline = Pipeline()
    tracer = pipeline.tracer

    def run(iterations: int) -> None:
        for _ in range(iterations):
            with tracer.span("charge") as span:
                span.add_attribute("http.method", "POST")
                span.add_attribute("http.route", "/cart")
                span.add_attribute("cart.items", 3)
                span.add_attribute("user.known", True)
                span.add_attribute("cart.total", 19.5)
                span.add_annotation("retry", attempt=1)

    return Timed(run, pipeline.exporter.made, pipeline.exporter.sample, pipeline.settle)


def span_unsampled() -> Timed:
    """A span that the sampler does not want."""
    pipeline = Pipeline(AlwaysOffSampler())
    tracer = pipeline.tracer

    def run(iterations: int) -> None:
        for _ in range(iterations):
            with tracer.span("charge"):
                pass

    def sample() -> dict[str, bool]:
        # Its blank span knows nothing of itself; the tracer knows the trace.
        options = tracer.span_context.trace_options
        valid = len(tracer.span_context.trace_id) == 32
        return {"recording": False, "valid": valid, "sampled": bool(options.get_enabled())}

    return Timed(run, pipeline.exporter.made, sample, pipeline.settle)


def span_nested() -> Timed:
    """Three spans, each the child of the one before."""
    pipeline = Pipeline()
    tracer = pipeline.tracer

    def run(iterations: int) -> None:
        for _ in range(iterations):
            with tracer.span("request"), tracer.span("charge"), tracer.span("query"):
                pass

    return Timed(run, pipeline.exporter.made, pipeline.exporter.sample, pipeline.settle)
