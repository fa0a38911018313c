"""Finished spans to try an exporter with: ordinary ones, and odd ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from midspan import trace
from midspan.testing._pipeline import pipeline

if TYPE_CHECKING:
    from midspan.trace import Span

__all__ = ["finished_spans", "odd_spans"]


def finished_spans(*names: str) -> list[Span]:
    """Return finished spans with these names, each a trace of its own, with a little of everything."""
    with pipeline() as memory:
        tracer = trace.get_tracer("midspan.testing", "1.0")
        for name in names:
            with tracer.start_as_current_span(name, kind=trace.SpanKind.CLIENT, attributes={"n": 1}) as span:
                span.add_event("event", {"k": "v"})
                span.add_link(trace.SpanContext(1, 2), {"why": "example"})
                span.set_status(trace.StatusCode.ERROR, "example")
    return memory.spans


def odd_spans() -> list[Span]:
    """Return finished spans that hold everything that midspan lets through."""
    odd: dict[str, Any] = {
        "": "dropped",
        "text": "naïve \U0001f680 \x00 \n",
        "surrogate": "\ud800",
        "numbers": [0, -1, 2**63 - 1, -(2**63), 2**70, 1.5, math.inf, -math.inf, math.nan],
        "huge": 2**70,
        "mixed": [None, True, b"\xff\x00", {"nested": [{}, []]}],
        "empty": [],
        "long": "x" * 65_536,
        "none": None,
        "\ud800 key": 1,
    }
    deep: Any = "core"
    for _ in range(60):
        deep = [deep]
    with pipeline(strict=False) as memory:
        tracer = trace.get_tracer("", attributes={"scope": [1]})
        for name, attributes in (
            ("plain", {}),
            ("odd", odd),
            ("deep", {"deep": deep}),
            ("", {"unnamed": True}),
        ):
            span = tracer.start_span(name, attributes=attributes, start_ns=0)
            span.add_event("", attributes, timestamp_ns=2**63 - 1)
            span.add_link(trace.INVALID, attributes)
            span.end(end_ns=2**63 - 1)
    return memory.spans
