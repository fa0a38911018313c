"""The JSON form, held against protobuf's own JSON mapping and against the binary form."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import HealthCheck, given, settings
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from exporters.tests._expected import expected_span
from exporters.tests._oracle import decode, shown_span
from exporters.tests._strategies import batches
from midspan.exporters.jsonl import json_of_spans, read
from midspan.exporters.otlp import encode_spans
from midspan.trace import SpanContext

IDS = {"traceId", "spanId", "parentSpanId"}


def as_protobuf_has_it(document: Any) -> Any:
    """Return the document with ids in base64, where protobuf's JSON and OTLP's differ."""
    if isinstance(document, dict):
        return {
            name: base64.b64encode(bytes.fromhex(value)).decode()
            if name in IDS
            else as_protobuf_has_it(value)
            for name, value in document.items()
        }
    return [as_protobuf_has_it(item) for item in document] if isinstance(document, list) else document


@given(batches())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=50)
def test_both_forms_say_the_same(spans):
    """Protobuf's runtime reads from the JSON form what it reads from the binary one."""
    document = as_protobuf_has_it(json.loads(json_of_spans(spans)))
    request = json_format.ParseDict(document, ExportTraceServiceRequest())
    expected = sorted((shown_span(each.span) for each in decode(encode_spans(spans))), key=repr)
    payload = request.SerializeToString()
    assert expected == sorted((shown_span(each.span) for each in decode(payload)), key=repr)


@given(batches())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=50)
def test_what_is_written_can_be_read(spans):
    """Each span comes back with all that it held, and stands under the same resource and scope."""
    records = list(read([json_of_spans(spans)]))
    expected = sorted(((expected_span(span), span.resource, span.scope) for span in spans), key=repr)
    assert repr(expected) == repr(
        sorted(((expected_span(r), r.resource, r.scope) for r in records), key=repr)
    )


def test_ids_are_hexadecimal_and_enums_are_numbers(make_span):
    """As OTLP's JSON wants it, unlike protobuf's."""
    span = make_span(parent=SpanContext(0xAB, 0xCD, 1))
    written = json.loads(json_of_spans([span]))["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert ("000000000000000000000000000000ab", "00000000000000cd", 1) == (
        written["traceId"],
        written["parentSpanId"],
        written["kind"],
    )
    assert f"{span.context.span_id:016x}" == written["spanId"]


def test_numbers_of_64_bits_are_strings(make_span):
    """Readers in languages whose numbers are doubles lose nothing."""
    written = json.loads(json_of_spans([make_span(attributes={"n": 2**60}, start_ns=2**60)]))
    span = written["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert (str(2**60), [{"key": "n", "value": {"intValue": str(2**60)}}]) == (
        span["startTimeUnixNano"],
        span["attributes"],
    )


def test_it_is_one_line_of_ascii(make_span):
    """No line break of any alphabet gets in, so a file can be read line by line by anybody."""
    text = json_of_spans([make_span("a\nb\u2028c\x85d")])
    assert (1, True) == (len(text.splitlines()), text.isascii())


@pytest.mark.parametrize(
    "value", [2**70, "\ud800", {1}, object()], ids=["huge", "surrogate", "set", "object"]
)
def test_an_odd_value_costs_nothing_but_itself(make_span, value):
    """The JSON form mends what the binary form mends."""
    span = make_span(attributes={"good": 1})
    span.attributes["odd"] = value
    (record,) = read([json_of_spans([span])])
    assert (1, True) == (record.attributes["good"], "odd" in record.attributes)


def test_what_is_no_span_is_left_out_and_counted(make_span, troubles):
    """Its neighbours are written."""
    text = json_of_spans([make_span("a"), SimpleNamespace(context=None), make_span("b")])
    assert (["a", "b"], 1) == ([span.name for span in read([text])], troubles()["encoding.no_span"])
