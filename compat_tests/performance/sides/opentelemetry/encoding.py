"""OTLP payloads, by OpenTelemetry's encoder and protobuf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from compat_tests.performance import _mix
from compat_tests.performance._timed import Made, Timed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.trace import ReadableSpan


def encode_mixed() -> Timed:
    """Batches of 512 spans, none seen before, to bytes."""
    made, builder = Made(), Builder()
    batches: list[Sequence[ReadableSpan]] = []

    def prepare(iterations: int) -> None:
        batches[:] = [builder.next_batch() for _ in range(iterations)]

    def run(_iterations: int) -> None:
        for batch in batches:
            made.last = encode_spans(batch).SerializeToString()
            made.total += len(batch)

    return Timed(
        run,
        made.count,
        lambda: made.last.hex(),  # noqa: PLW0108 - the latest, not today's
        prepare=prepare,
    )


def neutral_payload(payload_hex: str) -> list[Any]:
    """Decode any side's payload into what the sides must agree on, which is all but ids and batch numbers."""
    request = ExportTraceServiceRequest.FromString(bytes.fromhex(payload_hex))
    shown = [
        [scoped.scope.name, _shown(span)]
        for resource in request.resource_spans
        for scoped in resource.scope_spans
        for span in scoped.spans
    ]
    return sorted(shown, key=repr)


def _shown(span: Any) -> list[Any]:
    return [
        [span.name, span.kind, bool(span.parent_span_id), len(span.trace_id), len(span.span_id)],
        [span.start_time_unix_nano, span.end_time_unix_nano, span.status.code, span.status.message],
        sorted(str(pair) for pair in span.attributes),
        [[event.name, event.time_unix_nano, sorted(map(str, event.attributes))] for event in span.events],
        len(span.links),
    ]


class Builder:
    """Build batch after batch of the mixed spans, no two alike."""

    def __init__(self) -> None:
        self._memory = InMemorySpanExporter()
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "shop"}), shutdown_on_exit=False
        )
        self._provider.add_span_processor(SimpleSpanProcessor(self._memory))
        self._number = 0

    def next_batch(self) -> Sequence[ReadableSpan]:
        """Give 512 finished spans."""
        built: list[trace.Span] = []
        for described in _mix.describe(self._number):
            built.append(self._build(described, built))
        self._number += 1
        spans: Sequence[ReadableSpan] = self._memory.get_finished_spans()
        self._memory.clear()
        return spans

    def _build(self, described: _mix.Described, built: list[trace.Span]) -> trace.Span:
        parent = None if described.parent is None else trace.set_span_in_context(built[described.parent])
        span = self._provider.get_tracer(described.scope).start_span(
            described.name,
            parent,
            trace.SpanKind[described.kind],
            described.attributes,
            [trace.Link(built[0].get_span_context())] * described.links if built else None,
            described.start_ns,
        )
        for name, at_ns, attributes in described.events:
            span.add_event(name, attributes, at_ns)
        if described.error:
            span.set_status(trace.StatusCode.ERROR, described.error)
        span.end(described.end_ns)
        return span
