from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

from midspan import sdk, testing, trace
from midspan.demo._judge import judge, origin_of

SERVICES = ["shop", "ledger"]
MINE = trace.InstrumentationScope("mine")


@dataclasses.dataclass
class Record:
    name: str
    context: trace.SpanContext
    parent: trace.SpanContext | None
    service: str
    scope: trace.InstrumentationScope = MINE

    @property
    def resource(self) -> Any:
        return SimpleNamespace(attributes={"service.name": self.service})


def whole_trace(trace_id: int = 1) -> list[Record]:
    """Make what one request leaves when all goes well."""
    root = trace.SpanContext(trace_id, 1)
    bridge = trace.InstrumentationScope("midspan.bridges.opentracing")
    return [
        Record("checkout", root, None, "shop"),
        Record("book", trace.SpanContext(trace_id, 2), root, "ledger", bridge),
    ]


def test_one_whole_trace_is_good() -> None:
    """One trace with one root, every parent and every service is what the demo must show."""
    verdict = judge(whole_trace(), SERVICES, requests=1)
    assert verdict.is_good
    assert ["One trace through 2 services: 1 OpenTracing, 1 native spans, none lost."] == verdict.lines


def test_two_requests_need_two_traces() -> None:
    """As many traces as requests: fewer means that two were mixed, more that one broke."""
    assert judge(whole_trace(1) + whole_trace(2), SERVICES, requests=2).is_good
    verdict = judge(whole_trace(), SERVICES, requests=2)
    assert not verdict.is_good
    assert "2 requests, but 1 traces" in verdict.lines[0]


def test_a_second_root_is_a_fault() -> None:
    """A span without a parent in the middle of a trace is told."""
    spans = whole_trace()
    spans[1].parent = None
    verdict = judge(spans, SERVICES, requests=1)
    assert not verdict.is_good
    assert "it has 2 roots" in verdict.lines[0]


def test_a_lost_parent_is_a_fault() -> None:
    """A span whose parent did not arrive is told by name."""
    spans = whole_trace()
    spans[1].parent = trace.SpanContext(1, 99)
    assert ["Not one trace for each request: the parent of book is missing."] == judge(
        spans, SERVICES, 1
    ).lines


def test_a_silent_service_is_a_fault() -> None:
    """A service that left no span is told by name."""
    assert "ledger is not in it" in judge(whole_trace()[:1], SERVICES, requests=1).lines[0]


def test_a_native_span_is_called_native() -> None:
    """Whatever no bridge made was made natively."""
    memory = testing.MemoryExporter()
    sdk.configure(exporters=[memory])
    trace.get_tracer("mine").start_span("job").end()
    sdk.reset()
    assert "native" == origin_of(memory.spans[0])
