"""The native tracing rows, by OpenTelemetry."""

from __future__ import annotations

from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from compat_tests.performance._timed import Timed
from compat_tests.performance.sides.opentelemetry._pipeline import Pipeline


def span_current() -> Timed:
    """A span that is current in an empty block."""
    pipeline = Pipeline()
    tracer = pipeline.tracer

    def run(iterations: int) -> None:
        for _ in range(iterations):
            with tracer.start_as_current_span("charge"):
                pass

    return Timed(run, pipeline.exporter.made, pipeline.exporter.sample, pipeline.settle)


def span_filled() -> Timed:
    """The same with four attributes at its start, one set later, and an event."""
    pipeline = Pipeline()
    tracer = pipeline.tracer

    def run(iterations: int) -> None:
        for _ in range(iterations):
            with tracer.start_as_current_span(
                "charge",
                attributes={
                    "http.method": "POST",
                    "http.route": "/cart",
                    "cart.items": 3,
                    "user.known": True,
                },
            ) as span:
                span.set_attribute("cart.total", 19.5)
                span.add_event("retry", {"attempt": 1})

    return Timed(run, pipeline.exporter.made, pipeline.exporter.sample, pipeline.settle)


def span_unsampled() -> Timed:
    """A span that the sampler does not want."""
    pipeline = Pipeline(ALWAYS_OFF)
    tracer = pipeline.tracer
    latest = {}

    def run(iterations: int) -> None:
        for _ in range(iterations):
            with tracer.start_as_current_span("charge") as span:
                pass
        latest["span"] = span

    def sample() -> dict[str, bool]:
        context = latest["span"].get_span_context()
        recording = latest["span"].is_recording()
        return {"recording": recording, "valid": context.is_valid, "sampled": context.trace_flags.sampled}

    return Timed(run, pipeline.exporter.made, sample, pipeline.settle)


def span_unsampled_read() -> Timed:
    """The same, where something (a client, a log line) asks for the identity."""
    pipeline = Pipeline(ALWAYS_OFF)
    tracer = pipeline.tracer
    latest = {}

    def run(iterations: int) -> None:
        seen = 0
        for _ in range(iterations):
            with tracer.start_as_current_span("charge") as span:
                seen += span.get_span_context().is_valid
        latest["seen"] = seen == iterations

    return Timed(run, pipeline.exporter.made, lambda: latest["seen"], pipeline.settle)


def span_nested() -> Timed:
    """Three spans, each the child of the one before."""
    pipeline = Pipeline()
    tracer = pipeline.tracer

    def run(iterations: int) -> None:
        for _ in range(iterations):
            with (
                tracer.start_as_current_span("request"),
                tracer.start_as_current_span("charge"),
                tracer.start_as_current_span("query"),
            ):
                pass

    return Timed(run, pipeline.exporter.made, pipeline.exporter.sample, pipeline.settle)
