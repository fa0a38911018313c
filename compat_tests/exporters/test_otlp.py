"""What midspan sends, as receivers that nobody here wrote understand it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from compat_tests.exporters._batches import mixed, odd, span_of_everything
from midspan import sdk, trace
from midspan.exporters._http._transport import HTTPTransport
from midspan.exporters.jsonl import JSONLinesExporter
from midspan.exporters.otlp import OTLPExporter, Request, encode_spans
from midspan.exporters.otlp._settings import Given, read_settings

if TYPE_CHECKING:
    from compat_tests.exporters.conftest import Agent, Rotel

pytestmark = [pytest.mark.server, pytest.mark.slow]

PROTOCOLS = ("http/protobuf", "http/json", "grpc")
WAYS = [(protocol, compression) for protocol in PROTOCOLS for compression in ("none", "gzip")]


def send(receiver: Agent | Rotel, spans: list[trace.Span], protocol: str, compression: str) -> bool:
    """Export spans in one request."""
    endpoint = receiver.endpoint(protocol)
    exporter = OTLPExporter(endpoint, protocol=protocol, compression=compression, environment={})
    try:
        return exporter.export_spans(spans)
    finally:
        exporter.shutdown(1)


def post_json(url: str, body: bytes) -> int:
    """Send a line of a file as a request; return the status."""
    transport = HTTPTransport(read_settings(Given(endpoint=url), {}).endpoint)
    try:
        return transport.send(Request(body, {"content-type": "application/json"}), 10).status
    finally:
        transport.close()


def spans_in(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the spans that the test agent tells of, which names fields after the request's format."""
    renamed = [camel(request) for request in requests]
    return [
        span
        for request in renamed
        for of_resource in request["resourceSpans"]
        for of_scope in of_resource["scopeSpans"]
        for span in of_scope["spans"]
    ]


def camel(value: Any) -> Any:
    """Return names as the JSON form has them; the agent shows those of a binary request with underscores."""
    if isinstance(value, dict):
        return {_camel_name(name): camel(item) for name, item in value.items()}
    return [camel(item) for item in value] if isinstance(value, list) else value


def _camel_name(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def as_id(text: str, size: int) -> str:
    """Return an id as hexadecimal digits; the agent shows those of a binary request in base64."""
    return text if len(text) == size else base64.b64decode(text).hex()


@pytest.mark.parametrize(("protocol", "compression"), WAYS)
def test_the_test_agent_gets_each_of_512_spans(test_agent, protocol, compression):
    """Names, ids, times and attributes of a busy service's batch."""
    spans = mixed()
    assert send(test_agent, spans, protocol, compression) is True
    expected = {
        f"{span.context.span_id:016x}": (
            span.name,
            f"{span.context.trace_id:032x}",
            str(span.start_ns),
            str(span.end_ns),
            list(span.attributes),
        )
        for span in spans
    }
    assert expected == {
        as_id(got["spanId"], 16): (
            got["name"],
            as_id(got["traceId"], 32),
            str(got["startTimeUnixNano"]),
            str(got["endTimeUnixNano"]),
            [pair["key"] for pair in got.get("attributes", [])],
        )
        for got in spans_in(test_agent.ask("traces"))
    }


def test_the_test_agent_gets_a_span_of_everything(test_agent):
    """Each field and each type of value, as its own protobuf shows them."""
    assert send(test_agent, span_of_everything(), "http/protobuf", "none") is True
    (got,) = spans_in(test_agent.ask("traces"))
    values = {pair["key"]: pair["value"] for pair in got["attributes"]}
    assert ("everything", "vendor=x", 0x301, "broken") == (
        got["name"],
        got["traceState"],
        got["flags"],
        got["status"]["message"],
    )
    assert {
        "text": {"stringValue": "é注"},
        "yes": {"boolValue": True},
        "number": {"intValue": str(-(2**63))},
        "double": {"doubleValue": 1.5},
        "bytes": {"bytesValue": "/wA="},
        "none": {},
    } == {key: values[key] for key in ("text", "yes", "number", "double", "bytes", "none")}
    for holder in (got["events"][0], got["links"][0]):
        assert values == {pair["key"]: pair["value"] for pair in holder["attributes"]}


@pytest.mark.parametrize(("protocol", "compression"), WAYS)
def test_rotel_decodes_each_of_512_spans(rotel, protocol, compression):
    """As strictly as Rust does."""
    spans = mixed()
    assert send(rotel, spans, protocol, compression) is True
    ids = [f"ID             : {span.context.span_id:016x}" for span in spans]
    text = rotel.text_with("    Name           : ", len(spans))
    assert [] == [each for each in ids if each not in text]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_rotel_decodes_a_span_of_everything(rotel, protocol):
    """Each type of value."""
    assert send(rotel, span_of_everything(), protocol, "none") is True
    text = rotel.text_with("everything")
    for line in (
        "text: Str(é注)",
        "yes: Bool(true)",
        "number: Int(-9223372036854775808)",
        "double: Double(1.5)",
        "bytes: Bytes([255, 0])",
        "list: Slice(Str(a), Int(1), Bool(true), Double(2.5), Bytes([98]))",
        "map: Map(k:Map(l:Slice(Int(1))))",
        "InstrumentationScope scope 1.2",
        "TraceState: vendor=x",
    ):
        assert line in text


def test_odd_values_cost_rotel_no_span(rotel):
    """A batch in which every span holds something that cannot be sent as it is arrives in full."""
    spans = odd()
    assert send(rotel, spans, "grpc", "none") is True
    text = rotel.text_with("good: Int", len(spans))
    assert [] == [number for number in range(len(spans)) if f"good: Int({number})" not in text]


def test_odd_values_cost_the_test_agent_no_span(test_agent):
    """Nor there, in whichever form."""
    spans = odd()
    for protocol in PROTOCOLS:
        assert send(test_agent, spans, protocol, "none") is True
    assert 3 * len(spans) == len(spans_in(test_agent.ask("traces")))


def test_each_line_of_a_file_is_a_request_to_both(tmp_path, test_agent, rotel):
    """What the JSON-lines exporter writes is what receivers of OTLP/JSON read."""
    path = tmp_path / "spans.jsonl"
    exporter, spans = JSONLinesExporter(path), mixed()
    for at in range(0, len(spans), 100):
        exporter.export_spans(spans[at : at + 100])
    lines = path.read_bytes().splitlines()
    assert (6, [200] * 12) == (
        len(lines),
        [post_json(each.url, line) for line in lines for each in (test_agent, rotel)],
    )
    assert len(spans) == len(spans_in(test_agent.ask("traces")))
    assert len(spans) == rotel.text_with("    Name           : ", len(spans)).count("    Name           : ")


def test_a_collectors_refusal_is_a_failure(rotel, caplog):
    """A body that is no OTLP: 400, False, said once."""
    transport = HTTPTransport(read_settings(Given(endpoint=rotel.url), {}).endpoint)
    assert 400 == transport.send(Request(b"\xff", {"content-type": "application/x-protobuf"}), 10).status
    wrong = OTLPExporter(f"{rotel.url}/elsewhere", environment={})
    assert wrong.export_spans(mixed()[:1]) is False
    assert 1 == len(caplog.messages)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_pipeline_delivers_to_a_collector(test_agent, protocol):
    """A thousand spans through queue, encoder and transport: each arrives, and the account says so."""
    endpoint = test_agent.endpoint(protocol)
    exporter = OTLPExporter(endpoint, protocol=protocol, compression="gzip", environment={})
    pipeline = sdk.configure(exporters=[exporter], environment={})
    for number in range(1000):
        trace.get_tracer("x").start_span(f"n{number}").end()
    assert pipeline.shutdown(30) is True
    stats = pipeline.stats().exporters["otlp"]
    assert (1000, 0, {}) == (stats.exported, stats.queued, stats.dropped)
    assert 1000 == len(spans_in(test_agent.ask("traces")))


def test_all_forms_reach_the_test_agent_alike(test_agent):
    """It tells the same of a batch, whichever way it came."""
    spans = mixed()[:50]
    told = []
    for protocol in PROTOCOLS:
        test_agent.ask("clear")
        send(test_agent, spans, protocol, "none")
        told.append(
            [
                (as_id(got["spanId"], 16), json.dumps(got.get("attributes")))
                for got in spans_in(test_agent.ask("traces"))
            ]
        )
    assert told[0] == told[1] == told[2]


def test_a_payload_is_not_larger_than_protobufs_own():
    """Reading and writing it again with protobuf's runtime gives no fewer bytes."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    payload = encode_spans(mixed())
    again = ExportTraceServiceRequest.FromString(payload).SerializeToString()
    assert len(payload) == len(again)
