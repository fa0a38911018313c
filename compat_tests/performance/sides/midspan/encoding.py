"""OTLP payloads, by midspan's own writer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compat_tests.performance import _mix
from compat_tests.performance._timed import Made, Timed
from midspan import sdk, testing, trace
from midspan.exporters.otlp import encode_spans

if TYPE_CHECKING:
    from collections.abc import Sequence


def encode_mixed() -> Timed:
    """Batches of 512 spans, none seen before, to bytes."""
    made, builder = Made(), Builder()
    batches: list[Sequence[trace.Span]] = []

    def prepare(iterations: int) -> None:
        batches[:] = [builder.next_batch() for _ in range(iterations)]

    def run(_iterations: int) -> None:
        for batch in batches:
            made.last = encode_spans(batch)
            made.total += len(batch)

    return Timed(
        run,
        made.count,
        lambda: made.last.hex(),  # noqa: PLW0108 - the latest, not today's
        prepare=prepare,
    )


class Builder:
    """Build batch after batch of the mixed spans, no two alike."""

    def __init__(self) -> None:
        self._memory = testing.MemoryExporter()
        self._pipeline = sdk.configure(service_name="shop", exporters=[self._memory])
        self._number = 0

    def next_batch(self) -> Sequence[trace.Span]:
        """Give 512 finished spans."""
        built: list[trace.Span] = []
        for described in _mix.describe(self._number):
            built.append(self._build(described, built))
        self._number += 1
        self._pipeline.force_flush(timeout_s=60)
        spans = list(self._memory.spans)
        self._memory.clear()
        return spans

    def _build(self, described: _mix.Described, built: list[trace.Span]) -> trace.Span:
        span = trace.get_tracer(described.scope).start_span(
            described.name,
            parent=None if described.parent is None else built[described.parent],
            kind=trace.SpanKind[described.kind],
            attributes=described.attributes,
            links=[trace.Link(built[0].context)] * described.links if built else None,
            start_ns=described.start_ns,
        )
        for name, at_ns, attributes in described.events:
            span.add_event(name, attributes, at_ns)
        if described.error:
            span.set_status(trace.StatusCode.ERROR, described.error)
        span.end(described.end_ns)
        return span
