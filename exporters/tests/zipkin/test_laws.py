from __future__ import annotations

import base64
import json
import math
from typing import Any

from hypothesis import HealthCheck, given, settings

from exporters.tests._strategies import batches, records
from exporters.tests.zipkin._decoder import decode_json, decode_protobuf
from midspan import _trouble
from midspan.exporters.zipkin import encode_json, encode_protobuf
from midspan.exporters.zipkin._json import halve_json
from midspan.exporters.zipkin._protobuf import halve_protobuf
from midspan.trace import SpanKind

_SLOW = [HealthCheck.too_slow]


@given(batches())
@settings(suppress_health_check=_SLOW, max_examples=60)
def test_both_forms_say_the_same(spans):
    """JSON's parser and protobuf's own runtime read the same spans, in order, and nothing is found odd."""
    _trouble.reset()
    from_json, from_protobuf = decode_json(encode_json(spans)), decode_protobuf(encode_protobuf(spans))
    assert ({}, len(spans)) == (_trouble.counts(), len(from_json))
    assert from_json == from_protobuf


@given(records())
@settings(suppress_health_check=_SLOW)
def test_every_span_survives_the_way_there(span):
    """Ids, name, kind, times, endpoints, and each value of each attribute and event can be read back."""
    (got,) = decode_protobuf(encode_protobuf([span]))
    took = span.end_ns - span.start_ns
    assert {
        "trace_id": span.context.trace_id,
        "id": span.context.span_id,
        "parent_id": 0 if span.parent is None else span.parent.span_id,
        "name": span.name,
        "kind": "" if span.kind is SpanKind.INTERNAL else span.kind.name,
        "timestamp": span.start_ns // 1000,
        "duration": max(1, took // 1000) if took >= 0 else 0,
    } == {
        "trace_id": got["trace_id"],
        "id": got["id"],
        "parent_id": got.get("parent_id", 0),
        "name": got.get("name", ""),
        "kind": got.get("kind", ""),
        "timestamp": got.get("timestamp", 0),
        "duration": got.get("duration", 0),
    }
    ours = {"error", "otel.scope.name", "otel.scope.version", "otel.library.name", "otel.library.version"}
    for key, value in span.attributes.items():
        assert key in ours or as_text(value) == got["tags"][key]
    for event, (time, text) in zip(span.events, got.get("annotations", ()), strict=True):
        assert max(1, event.timestamp_ns // 1000) == time
        if not event.attributes and not event.dropped_attributes:
            assert event.name == text
        else:
            read = json.loads("{" + text + "}")
            expected = {key: as_json(value) for key, value in event.attributes.items()}
            if event.dropped_attributes:
                expected["otel.dropped_attributes_count"] = event.dropped_attributes
            assert {event.name: expected} == read


def as_json(value: Any) -> Any:
    """Say, from its type alone, what JSON should give back of a value."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, float) and math.isinf(value):
        return "-Infinity" if value < 0 else "Infinity"
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    return {key: as_json(item) for key, item in value.items()} if isinstance(value, dict) else value


def as_text(value: Any) -> str:
    """Say what a tag should hold of a value: a text as it is, anything else as JSON has it."""
    shown = "" if value is None else as_json(value)
    return shown if isinstance(shown, str) else json.dumps(shown, separators=(",", ":"), ensure_ascii=False)


@given(batches())
@settings(suppress_health_check=_SLOW, max_examples=30)
def test_halves_hold_what_the_whole_held(spans):
    """Each span is in one of the two, in order, and the counts are true; one span alone is not cut."""
    for encode, halve, decode in (
        (encode_json, halve_json, decode_json),
        (encode_protobuf, halve_protobuf, decode_protobuf),
    ):
        whole = encode(spans)
        halves = halve(whole)
        if len(spans) == 1:
            assert [] == halves
        else:
            assert [len(spans) // 2, len(spans) - len(spans) // 2] == [count for _, count in halves]
            assert [len(decode(body)) for body, _ in halves] == [count for _, count in halves]
            assert decode(whole) == [span for body, _ in halves for span in decode(body)]
