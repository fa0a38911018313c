"""OpenTracing code over jaeger-client; its reporter does nothing, so it has less to do than the others."""

from __future__ import annotations

from typing import Any

from jaeger_client import ConstSampler, Tracer
from jaeger_client.reporter import NullReporter

from compat_tests.performance._timed import Timed


class Count(NullReporter):
    """Count the spans, keep the latest, throw the rest away."""

    def __init__(self) -> None:
        self.total = 0
        self.latest: Any = None

    def report_span(self, span: Any) -> None:
        self.total += 1
        self.latest = span


def opentracing_tag() -> Timed:
    """An active span that gets one tag."""
    reporter = Count()
    tracer = Tracer(service_name="shop", reporter=reporter, sampler=ConstSampler(decision=True))

    def run(iterations: int) -> None:
        for _ in range(iterations):
            scope = tracer.start_active_span("charge")
            scope.span.set_tag("component", "shop")
            scope.close()

    def sample() -> list[dict[str, Any]]:
        span = reporter.latest
        # Its root spans carry the sampler's name besides.
        tags = {tag.key: tag.vStr for tag in span.tags if not tag.key.startswith("sampler.")}
        return [
            {
                "name": span.operation_name,
                "attributes": tags,
                "events": [],
                "child": bool(span.parent_id),
                "ended": span.end_time >= span.start_time > 0,
            }
        ]

    return Timed(run, lambda: reporter.total, sample)
