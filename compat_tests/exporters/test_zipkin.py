"""What midspan sends to Zipkin, as OpenZipkin's own library (for Go) decodes it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from opencensus.trace import span as oc_span
from opencensus.trace import tracer as oc_tracer
from opencensus.trace.samplers import AlwaysOnSampler
from opentracing.ext import tags as ot_tags

from compat_tests.exporters._batches import EVERY_KIND, mixed, odd, span_of_everything
from compat_tests.exporters.conftest import free_port, running
from midspan import sdk, testing, trace
from midspan.bridges import opencensus as oc_bridge
from midspan.bridges.opentracing import Tracer
from midspan.exporters.zipkin import ZipkinExporter

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.server, pytest.mark.slow]

RECEIVER = Path(__file__).parent / "zipkin_receiver"
# Where Debian keeps the sources of libraries for Go (golang-github-openzipkin-zipkin-go-dev).
LIBRARIES = Path("/usr/share/gocode")
WAYS = [(protocol, way) for protocol in ("http/json", "http/protobuf") for way in ("none", "gzip")]
PROTOCOLS = ["http/json", "http/protobuf"]
TAGS = {
    "text": "é注",
    "yes": "true",
    "number": "-9223372036854775808",
    "double": "1.5",
    "bytes": "/wA=",
    "none": "",
    "list": '["a",1,true,2.5,"Yg=="]',
    "map": '{"k":{"l":[1]}}',
    "empty list": "[]",
    "empty map": "{}",
    "error": "broken",
    "otel.status_code": "ERROR",
    "otel.scope.name": "scope",
    "otel.scope.version": "1.2",
    "otel.library.name": "scope",
    "otel.library.version": "1.2",
}


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Build the receiver and start it, once; return its address."""
    go = shutil.which("go")
    if go is None or not (LIBRARIES / "src/github.com/openzipkin/zipkin-go").exists():
        pytest.skip(
            "Zipkin's library for Go is not installed"
            " (Debian: golang-go, golang-github-openzipkin-zipkin-go-dev)"
        )
    folder = tmp_path_factory.mktemp("zipkin")
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": str(LIBRARIES), "GOFLAGS": ""}
    program = folder / "receiver"
    subprocess.run([go, "build", "-o", str(program), "main.go"], cwd=RECEIVER, env=environment, check=True)
    port = free_port()
    with running([str(program), f"127.0.0.1:{port}"], port, folder / "log"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def zipkin(receiver: str) -> str:
    """Return the address of a receiver that has not been sent anything yet."""
    arrived(receiver)
    return receiver


def arrived(url: str) -> list[dict[str, Any]]:
    """Return the spans that have arrived since the last time, as the library understood them."""
    with urllib.request.urlopen(f"{url}/spans", timeout=10) as answer:
        spans: list[dict[str, Any]] = json.load(answer)
    for span in spans:
        # How the library spells the absence of a kind in protobuf.
        span["Kind"] = span["Kind"].replace("SPAN_KIND_UNSPECIFIED", "")
    return spans


def send(url: str, spans: list[trace.Span], protocol: str, compression: str = "none") -> bool:
    """Export spans in one request."""
    exporter = ZipkinExporter(url, protocol=protocol, compression=compression, environment={})
    try:
        return exporter.export_spans(spans)
    finally:
        exporter.shutdown(1)


@pytest.mark.parametrize(("protocol", "compression"), WAYS)
def test_each_of_512_spans_arrives(zipkin, protocol, compression):
    """Names, ids, kinds, times and tags of a busy service's batch."""
    spans = mixed()
    assert send(zipkin, spans, protocol, compression) is True
    expected = [
        (
            span.name,
            int(span.context.trace_id),
            f"{span.context.span_id:016x}",
            "" if span.parent is None else f"{span.parent.span_id:016x}",
            "" if span.kind is trace.SpanKind.INTERNAL else span.kind.name,
            span.start_ns // 1000,
            max(1, (span.end_ns - span.start_ns) // 1000),
            "shop",
            set(span.attributes) - {"error"},
            len(span.events),
        )
        for span in spans
    ]
    ours = {"error", "otel.scope.name", "otel.scope.version", "otel.library.name", "otel.library.version"}
    assert expected == [
        (
            got["Name"],
            int(got["TraceID"], 16),
            got["ID"],
            got["ParentID"],
            got["Kind"],
            got["Timestamp"],
            got["Duration"],
            got["Local"]["Name"],
            set(got["Tags"]) - ours - {"otel.status_code"},
            len(got["Annotations"] or ()),
        )
        for got in arrived(zipkin)
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_span_of_everything_arrives(zipkin, protocol):
    """Each field and each type of value."""
    (span,) = span_of_everything()
    assert send(zipkin, [span], protocol) is True
    (got,) = arrived(zipkin)
    ((_, text),) = [(each["Time"], each["Value"]) for each in got.pop("Annotations")]
    assert EVERY_KIND.keys() == json.loads("{" + text + "}")["event"].keys()
    assert {
        "TraceID": f"{0xABC:016x}",
        "ID": f"{span.context.span_id:016x}",
        "ParentID": f"{0xDEF:016x}",
        "Name": "everything",
        "Kind": "CONSUMER",
        "Timestamp": 1,
        "Duration": 1,
        "Local": {"Name": "shop", "IPv4": "", "IPv6": "", "Port": 0},
        "Remote": None,
        "Tags": TAGS,
        "Debug": False,
        "Shared": False,
    } == got


def made(**options: Any) -> list[trace.Span]:
    """Return a span that was started with options."""
    memory = testing.MemoryExporter()
    sdk.configure(exporters=[memory], sampler="always_on", environment={})
    trace.get_tracer("t").start_span("call", **options).end()
    return memory.spans


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"peer.service": "billing"}, {"Name": "billing", "IPv4": "", "IPv6": "", "Port": 0}),
        (
            {"network.peer.address": "10.0.0.1", "network.peer.port": 8080},
            {"Name": "", "IPv4": "10.0.0.1", "IPv6": "", "Port": 8080},
        ),
        (
            {"network.peer.address": "2001:db8::1", "network.peer.port": 65_535},
            {"Name": "", "IPv4": "", "IPv6": "2001:db8::1", "Port": 65_535},
        ),
    ],
)
def test_a_remote_endpoint_arrives(zipkin, protocol, attributes, expected):
    """A name, or an address of either kind with its port."""
    assert send(zipkin, made(kind=trace.SpanKind.CLIENT, attributes=attributes), protocol) is True
    assert expected == arrived(zipkin)[0]["Remote"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_long_trace_id_arrives(zipkin, protocol):
    """All 128 bits."""
    assert send(zipkin, made(parent=trace.SpanContext(2**127 + 1, 7, 1)), protocol) is True
    assert f"{2**127 + 1:032x}" == arrived(zipkin)[0]["TraceID"]


def test_a_demand_to_record_arrives(zipkin):
    """B3's debug flag (of protobuf's, this library asks the headers)."""
    parent = trace.SpanContext(1, 2, 1, is_remote=True, is_debug=True)
    assert send(zipkin, made(parent=parent), "http/json") is True
    assert arrived(zipkin)[0]["Debug"] is True


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_odd_values_cost_no_span(zipkin, protocol):
    """A batch in which every span holds something that cannot be sent as it is arrives in full."""
    spans = odd()
    assert send(zipkin, spans, protocol) is True
    assert [str(number) for number in range(len(spans))] == [got["Tags"]["good"] for got in arrived(zipkin)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_spans_of_opentracing_arrive(zipkin, protocol):
    """With the kind, the logs, the error and the peer that OpenTracing's tags tell."""
    exporter = ZipkinExporter(zipkin, protocol=protocol, environment={})
    pipeline = sdk.configure(service_name="legacy", exporters=[exporter], environment={})
    tags = {ot_tags.SPAN_KIND: ot_tags.SPAN_KIND_RPC_CLIENT, ot_tags.PEER_SERVICE: "billing"}
    tracer = Tracer()
    with tracer.start_active_span("charge"), tracer.start_active_span("call", tags=tags) as inner:
        inner.span.log_kv({"event": "retry", "n": 1}, 1_700_000_000.5)
        inner.span.set_tag(ot_tags.ERROR, True)
    assert pipeline.shutdown(10)
    spans = {got["Name"]: got for got in arrived(zipkin)}
    call = spans["call"]
    assert ("CLIENT", "billing", spans["charge"]["ID"], "ERROR", "") == (
        call["Kind"],
        call["Remote"]["Name"],
        call["ParentID"],
        call["Tags"]["otel.status_code"],
        call["Tags"]["error"],
    )
    assert ("midspan.bridges.opentracing", "legacy") == (
        call["Tags"]["otel.scope.name"],
        call["Local"]["Name"],
    )
    assert [{"Time": 1_700_000_000_500_000, "Value": '"retry": {"n":1}'}] == call["Annotations"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_spans_of_opencensus_arrive(zipkin, protocol):
    """With the kind, the annotations and the status that OpenCensus has."""
    exporter = ZipkinExporter(zipkin, protocol=protocol, environment={})
    pipeline = sdk.configure(service_name="legacy", exporters=[exporter], environment={})
    oc_bridge.install()
    try:
        tracer = oc_tracer.Tracer(sampler=AlwaysOnSampler())
        with tracer.span("charge"), tracer.span("call") as inner:
            inner.span_kind = oc_span.SpanKind.CLIENT
            inner.add_attribute("peer.service", "billing")
            inner.add_annotation("retry", n=1)
    finally:
        oc_bridge.uninstall()
    assert pipeline.shutdown(10)
    spans = {got["Name"]: got for got in arrived(zipkin)}
    call = spans["call"]
    assert ("CLIENT", "billing", spans["charge"]["ID"], ['"retry": {"n":1}']) == (
        call["Kind"],
        call["Remote"]["Name"],
        call["ParentID"],
        [each["Value"] for each in call["Annotations"]],
    )
    assert "midspan.bridges.opencensus" == call["Tags"]["otel.scope.name"]
