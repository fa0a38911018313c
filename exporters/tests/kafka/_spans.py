"""Spans that become messages of their own, and spans that share one."""

from __future__ import annotations

from midspan import testing, trace


def one_each(*names: str) -> list[trace.Span]:
    """Return a span of each name, each the root of a trace."""
    return testing.finished_spans(*names)


def one_trace(*names: str) -> list[trace.Span]:
    """Return a span of each name, all of one trace."""
    parent = trace.SpanContext(0xABC, 0xDEF, trace.TraceFlags.SAMPLED)
    with testing.pipeline() as memory:
        for name in names:
            trace.get_tracer("shop").start_span(name, parent=parent).end()
    return memory.spans
