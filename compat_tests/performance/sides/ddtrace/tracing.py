"""The native tracing rows, by ddtrace. It has no public way to add an event and no sampler that records nothing."""

from __future__ import annotations

from ddtrace.trace import tracer

from compat_tests.performance._timed import Timed
from compat_tests.performance.sides.ddtrace._writer import discarding


def span_current() -> Timed:
    writer = discarding(tracer)

    def run(iterations: int) -> None:
        for _ in range(iterations):
            with tracer.trace("charge"):
                pass

    return Timed(run, writer.made, writer.sample)


def span_nested() -> Timed:
    writer = discarding(tracer)

    def run(iterations: int) -> None:
        for _ in range(iterations):
            with tracer.trace("request"), tracer.trace("charge"), tracer.trace("query"):
                pass

    return Timed(run, writer.made, writer.sample)
