"""Spans to send: those of the benchmark, and those that nobody should ever make."""

from __future__ import annotations

from typing import Any

from compat_tests.performance import _mix
from midspan import sdk, testing, trace

__all__ = ["mixed", "odd", "span_of_everything"]


def _finished(make: Any) -> list[trace.Span]:
    memory = testing.MemoryExporter()
    sdk.configure(service_name="shop", exporters=[memory], sampler="always_on", environment={})
    make()
    return memory.spans


def mixed() -> list[trace.Span]:
    """Return the 512 spans of the benchmark's batch."""

    def make() -> None:
        built: list[trace.Span] = []
        for described in _mix.describe(1):
            span = trace.get_tracer(described.scope).start_span(
                described.name,
                parent=None if described.parent is None else built[described.parent].context,
                kind=trace.SpanKind[described.kind],
                attributes=described.attributes,
                start_ns=described.start_ns,
            )
            built.append(span)
            for name, at_ns, attributes in described.events:
                span.add_event(name, attributes, at_ns)
            if described.error:
                span.set_status(trace.StatusCode.ERROR, described.error)
            span.end(described.end_ns)

    return _finished(make)


EVERY_KIND = {
    "text": "é注",
    "yes": True,
    "number": -(2**63),
    "double": 1.5,
    "bytes": b"\xff\x00",
    "none": None,
    "list": ("a", 1, True, 2.5, b"b"),
    "map": {"k": {"l": [1]}},
    "empty list": (),
    "empty map": {},
}


def span_of_everything() -> list[trace.Span]:
    """Return one span with every field set and every type of value."""

    def make() -> None:
        state = trace.TraceState((("vendor", "x"),))
        parent = trace.SpanContext(0xABC, 0xDEF, trace.TraceFlags.SAMPLED, state, is_remote=True)
        span = trace.get_tracer("scope", "1.2", schema_url="https://example.org/s").start_span(
            "everything", parent=parent, kind=trace.SpanKind.CONSUMER, attributes=EVERY_KIND, start_ns=1_000
        )
        span.add_event("event", EVERY_KIND, 1_500)
        span.add_link(trace.SpanContext(0x123, 0x456, 1, state), EVERY_KIND)
        span.set_status(trace.StatusCode.ERROR, "broken")
        span.end(2_000)

    return _finished(make)


def odd() -> list[trace.Span]:
    """Return spans that each hold something which cannot be sent as it is, as a processor may leave it."""
    deep: Any = "bottom"
    for _ in range(200):
        deep = {"k": [deep]}
    cyclic: list[Any] = []
    cyclic += [cyclic, cyclic]
    deepest: Any = "bottom"
    for _ in range(30):
        deepest = {"k": deepest}
    values = [2**70, "\ud800", {1}, object(), deep, cyclic, {"\udfff": 1}, float("nan"), {1: 2}, deepest]

    def make() -> None:
        for number in range(len(values) + 3):
            span = trace.get_tracer("odd").start_span(f"odd {number}.", attributes={"good": number})
            span.add_event("event")
            span.end()

    spans = _finished(make)
    for span, value in zip(spans, values, strict=False):
        span.attributes["odd"] = value
    spans[0].events[0].attributes = {"deep": deepest}
    spans[-3].name = 5  # type: ignore[assignment]
    spans[-2].kind = 99  # type: ignore[assignment]
    spans[-1].end_ns = -1
    return spans
