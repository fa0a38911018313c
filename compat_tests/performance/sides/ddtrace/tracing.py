"""The native tracing rows, by ddtrace, which has no public verb for an event and samples late."""

from __future__ import annotations

from ddtrace.trace import tracer

from compat_tests.performance._timed import Timed
from compat_tests.performance.sides.ddtrace._writer import discarding


def span_current() -> Timed:
    """A span that is current in an empty block."""
    writer = discarding(tracer)

    def run(iterations: int) -> None:
        for _ in range(iterations):
            with tracer.trace("charge"):
                pass

    return Timed(run, writer.made, writer.sample)


def span_nested() -> Timed:
    """Three spans, each the child of the one before."""
    writer = discarding(tracer)

    def run(iterations: int) -> None:
        for _ in range(iterations):
            with tracer.trace("request"), tracer.trace("charge"), tracer.trace("query"):
                pass

    return Timed(run, writer.made, writer.sample)
