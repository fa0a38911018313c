"""Whatever the core can hand over arrives, by both forms, with the C extension of thrift and without it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.protocol.TCompactProtocol import TCompactProtocol

from exporters.tests._oracle import shown
from exporters.tests._strategies import batches
from exporters.tests.jaeger._oracle import batch_of_call, batch_of_request, shown_process, shown_span
from midspan.exporters.jaeger import _encoding
from midspan.exporters.jaeger._frames import split
from midspan.exporters.jaeger._tags import json_text
from midspan.trace import SpanKind, StatusCode

WAYS = {
    "agent": (_encoding.for_agent(), batch_of_call),
    "collector": (_encoding.for_collector(), batch_of_request),
    "agent, no extension": (_encoding.Encoder(TCompactProtocol, 65_000, as_call=True), batch_of_call),
    "collector, no extension": (_encoding.Encoder(TBinaryProtocol, 65_000, as_call=False), batch_of_request),
}


def expected_tag(value: Any) -> Any:
    """Return what the decoder shows of an attribute."""
    kept = isinstance(value, (str, bool, int, float, bytes))
    return shown(value if kept else json_text(value))


def expected(span: Any) -> dict[str, Any]:
    """Return what the decoder shows of a span, from the span's public face alone."""
    kind, code = span.kind.name.lower(), span.status.code
    facts = {
        "span.kind": kind if span.kind is not SpanKind.INTERNAL else "",
        "otel.status_code": code.name if code else "",
        "otel.status_description": span.status.description,
        "error": code is StatusCode.ERROR,
        "otel.scope.name": span.scope.name,
        "otel.scope.version": span.scope.version,
        "w3c.tracestate": span.context.trace_state.to_header(),
        "otel.dropped_attributes_count": span.dropped_attributes,
        "otel.dropped_events_count": span.dropped_events,
        "otel.dropped_links_count": span.dropped_links,
    }
    told = {key: value for key, value in facts.items() if value}
    tags = {**dict(span.scope.attributes), **span.attributes, **told}
    logs = [(event.timestamp_ns, {"event": event.name, **event.attributes}, event) for event in span.events]
    for link in span.links:
        if link.attributes or link.dropped_attributes:
            trace_id, span_id = f"{link.context.trace_id:032x}", f"{link.context.span_id:016x}"
            ids = {"event": "link", "trace_id": trace_id, "span_id": span_id}
            logs.append((span.start_ns, {**link.attributes, **ids}, link))
    return {
        "trace_id": span.context.trace_id,
        "span_id": span.context.span_id,
        "parent_id": 0 if span.parent is None else span.parent.span_id,
        "name": span.name,
        "references": [("FOLLOWS_FROM", *link.context[:2]) for link in span.links],
        "flags": span.context.trace_flags & 1 | (2 if span.context.is_debug else 0),
        "start_us": span.start_ns // 1000,
        "duration_us": max(span.end_ns - span.start_ns, 0) // 1000,
        "tags": {key: expected_tag(value) for key, value in tags.items()},
        "logs": [(at_ns // 1000, expected_fields(said, whose)) for at_ns, said, whose in logs],
    }


def expected_fields(said: dict[str, Any], whose: Any) -> dict[str, Any]:
    """Return what the decoder shows of a log's fields."""
    dropped = whose.dropped_attributes
    counted = {"otel.event.dropped_attributes_count": dropped} if dropped else {}
    return {key: expected_tag(value) for key, value in {**said, **counted}.items()}


@pytest.mark.parametrize("way", WAYS)
@given(spans=batches())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=15)
def test_every_span_survives_the_way_there(way, spans):
    """A decoder that shares nothing with us reads back each span of a batch, and its process."""
    encoder, batch_of = WAYS[way]
    read = [
        (shown_process(batch.process), shown_span(span))
        for frame in split(encoder.encode(spans))
        for batch in [batch_of(frame.message)]
        for span in batch.spans
    ]
    wanted = []
    for span in spans:
        attributes = dict(span.resource.attributes)
        name = attributes.pop("service.name", "unknown_service")
        tags = {key: expected_tag(value) for key, value in attributes.items()}
        wanted.append(((name, tags), expected(span)))
    assert sorted(wanted, key=repr) == sorted(read, key=repr)


@given(spans=batches())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=15)
def test_halves_are_the_whole(spans):
    """A message that is cut holds the same spans as before, in their order."""
    for encoder, batch_of in WAYS.values():
        for frame in split(encoder.encode(spans)):
            halves = encoder.halve(frame)
            assert (len(halves) == 2, frame.spans > 1) in {(True, True), (False, False)}
            assert frame.spans == sum(half.spans for half in halves) or not halves
            read = [shown_span(span) for half in halves for span in batch_of(half.message).spans]
            whole = [shown_span(span) for span in batch_of(frame.message).spans]
            assert read == whole or not halves
