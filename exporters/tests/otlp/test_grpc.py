"""OTLP over gRPC: what arrives at a real server, as opentelemetry-proto reads it, and what does not."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from exporters.tests.grpc.conftest import server, start
from exporters.tests.grpc.server import fails, server_credentials
from exporters.tests.otlp.conftest import TLS
from midspan import _trouble, delivery, metrics, sdk, trace
from midspan.exporters._wire import delimited
from midspan.exporters.otlp import OTLPExporter

__all__ = ["server", "start"]

TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
SLOW = {"OTEL_BSP_SCHEDULE_DELAY": "60000", "OTEL_METRIC_EXPORT_INTERVAL": "60000"}


def exporter(server, **options):
    """Return an exporter to a server."""
    return OTLPExporter(f"http://{server.address}", protocol="grpc", **{"environment": {}, **options})


def configured(exporter, **options):
    """Return a pipeline that sends when it is told to."""
    return sdk.configure(service_name="shop", exporters=[exporter], environment=SLOW, **options)


def end_spans(*names):
    """Start and end spans."""
    for name in names:
        trace.get_tracer("shop").start_span(name).end()


def names_at(server):
    """Return the names of the spans in each call, as protobuf reads them."""
    return [
        [
            span.name
            for of_resource in ExportTraceServiceRequest.FromString(called.body).resource_spans
            for of_scope in of_resource.scope_spans
            for span in of_scope.spans
        ]
        for called in server.called
        if called.method == TRACES
    ]


def retry_info(seconds):
    """Return a google.rpc.Status that asks for a pause."""
    delay = delimited(b"\x0a", Duration(seconds=seconds).SerializeToString())
    packed = Packed(type_url="type.googleapis.com/google.rpc.RetryInfo", value=delay)
    return delimited(b"\x1a", packed.SerializeToString())


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_spans_and_metrics_arrive_by_the_methods_of_the_specification(server, compression):
    """Each signal by its own, over one connection."""
    pipeline = configured(exporter(server, compression=compression))
    end_spans("a", "b")
    metrics.get_meter("shop").create_counter("orders").add(3)
    assert pipeline.force_flush(10)
    assert [["a", "b"]] == names_at(server)
    (body,) = [called.body for called in server.called if called.method == METRICS]
    request = ExportMetricsServiceRequest.FromString(body)
    assert "orders" in [
        metric.name
        for of_resource in request.resource_metrics
        for of_scope in of_resource.scope_metrics
        for metric in of_scope.metrics
    ]


def test_the_variables_of_the_environment_are_enough(server, monkeypatch):
    """A protocol, an endpoint, headers."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://{server.address}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "Tenant=a%20b,key-bin=%2Fw%3D%3D")
    pipeline = sdk.configure(service_name="shop", exporters=["otlp"])
    end_spans("a")
    assert pipeline.shutdown(10)
    assert [["a"]] == names_at(server)
    metadata = server.called[0].metadata
    assert ("a b", b"\xff") == (metadata["tenant"], metadata["key-bin"])


def test_each_signal_may_go_its_own_way(server, collector):
    """Traces over gRPC, metrics over HTTP."""
    variables = {
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"http://{server.address}",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{collector.url}/v1/metrics",
    }
    pipeline = configured(OTLPExporter(environment=variables))
    end_spans("a")
    metrics.get_meter("shop").create_counter("orders").add(3)
    assert pipeline.shutdown(10)
    assert ([TRACES], ["/v1/metrics"]) == (
        [called.method for called in server.called],
        [received.path for received in collector.received],
    )


def test_an_exporter_is_used_alone_as_well(server, make_span):
    """One call, and its truth."""
    one = exporter(server)
    assert one.export_spans([make_span("a")]) is True
    server.answer = fails(grpc.StatusCode.UNAVAILABLE)
    assert one.export_spans([make_span("b")]) is False
    one.shutdown(1)
    assert one.export_spans([make_span("c")]) is False
    assert [["a"], ["b"]] == names_at(server)


@pytest.mark.parametrize(
    ("code", "cause"),
    [("UNAVAILABLE", "otlp.not_sent"), ("INTERNAL", "otlp.refused"), ("UNAUTHENTICATED", "otlp.refused")],
)
def test_what_was_not_taken_is_said_with_the_reason(server, make_span, caplog, code, cause):
    """Once, with the code and the server's words."""
    server.answer = fails(grpc.StatusCode[code], "not today")
    assert exporter(server).export_spans([make_span()]) is False
    assert {cause: 1} == _trouble.counts()
    assert f"{server.address}: {code} not today" in caplog.text


def test_a_partial_success_is_counted_and_not_sent_again(server):
    """Spans and points, with the server's words."""
    answers = {
        TRACES: ExportTraceServiceResponse(
            partial_success=ExportTracePartialSuccess(rejected_spans=2, error_message="late")
        ),
        METRICS: ExportMetricsServiceResponse(
            partial_success=ExportMetricsPartialSuccess(rejected_data_points=1, error_message="odd")
        ),
    }
    server.answer = lambda called, _: answers[called.method].SerializeToString()
    pipeline = configured(exporter(server))
    end_spans("a", "b", "c")
    assert not pipeline.force_flush(10)
    assert {"rejected": 2} == pipeline.stats().exporters["otlp"].dropped
    assert 1 == len(names_at(server))


def test_a_warning_is_said_and_costs_nothing(server, make_span, troubles):
    """A message without a count."""
    warning = ExportTraceServiceResponse(partial_success=ExportTracePartialSuccess(error_message="soon"))
    server.answer = lambda *_: warning.SerializeToString()
    assert exporter(server).export_spans([make_span()]) is True
    assert {"otlp.warned": 1} == troubles()


@pytest.mark.parametrize("body", [b"\xff", b"\x0a\xff", b"\x0a\x02\x08", b"nonsense"])
def test_an_answer_that_cannot_be_read_says_nothing(server, make_span, body):
    """OK is what counts."""
    server.answer = lambda *_: body
    assert exporter(server).export_spans([make_span()]) is True


@pytest.mark.parametrize("code", ["UNAVAILABLE", "RESOURCE_EXHAUSTED"])
def test_a_pause_that_the_server_asks_for_is_told_to_delivery(server, code):
    """In a RetryInfo."""
    server.answer = fails(grpc.StatusCode[code], "full", retry_info(7))
    assert delivery.retry(f"{server.address}: {code} full", 7.0) == exporter(server).send("spans", b"", 5)


def test_a_server_that_is_ill_for_a_while_gets_everything(server):
    """UNAVAILABLE for a time, then OK."""
    pipeline = configured(exporter(server))
    server.answer = fails(grpc.StatusCode.UNAVAILABLE)
    end_spans("a", "b")
    assert not pipeline.force_flush(0.3)
    server.answer = lambda *_: b""
    assert pipeline.force_flush(10)
    stats = pipeline.stats().exporters["otlp"]
    assert (["a", "b"], 2, {}) == (names_at(server)[-1], stats.exported, stats.dropped)


def test_what_a_server_finds_too_large_is_cut(start):
    """By its own limit, until each part is taken."""
    server = start(options=(("grpc.max_receive_message_length", 100_000),))
    pipeline = configured(exporter(server))
    tracer = trace.get_tracer("shop")
    for number in range(16):
        tracer.start_span(str(number), attributes={"v": "x" * 20_000}).end()
    assert pipeline.force_flush(20)
    assert [*map(str, range(16))] == [name for names in names_at(server) for name in names]


def test_a_shutdown_is_in_time_whatever_the_server_does(server, elapsed):
    """And what was lost is counted."""
    server.answer = server.hang
    pipeline = configured(exporter(server))
    end_spans("a")
    assert not pipeline.shutdown(0.5)
    assert elapsed() < 1.5
    assert {"shutdown": 1} == pipeline.stats().exporters["otlp"].dropped


def test_tls_and_client_certificates_come_from_variables(start, make_span):
    """For one signal, or for all."""
    server = start(credentials=server_credentials(client_ca=True))
    prefix = "OTEL_EXPORTER_OTLP_"
    variables = {
        f"{prefix}PROTOCOL": "grpc",
        f"{prefix}ENDPOINT": f"https://{server.address}",
        f"{prefix}CERTIFICATE": str(TLS / "ca.pem"),
        f"{prefix}TRACES_CLIENT_CERTIFICATE": str(TLS / "client.pem"),
        f"{prefix}TRACES_CLIENT_KEY": str(TLS / "client.key"),
    }
    assert OTLPExporter(environment=variables, signals=["traces"]).export_spans([make_span()]) is True


def test_a_certificate_that_is_not_trusted_is_final(start, elapsed):
    """The batch is lost at once, counted, and said with the reason."""
    server = start(credentials=server_credentials())
    one = OTLPExporter(f"https://{server.address}", protocol="grpc", environment={})
    outcome = one.send("spans", b"", 5)
    assert (delivery.Verdict.REFUSED, True) == (outcome.verdict, elapsed() < 3)
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.message


def test_a_unix_socket_is_an_endpoint(start, tmp_path, make_span):
    """Without TLS, unless that is asked for."""
    server = start(f"unix:{tmp_path}/c.sock")
    one = OTLPExporter(server.address, protocol="grpc", environment={})
    assert one.export_spans([make_span("a")]) is True
    assert [["a"]] == names_at(server)


def test_signals_that_go_the_same_way_share_a_connection(server):
    """And those that do not, have their own."""
    one = exporter(server)
    assert 1 == len({id(lane.transport) for lane in one._lanes.values()})
    variables = {"OTEL_EXPORTER_OTLP_METRICS_HEADERS": "a=1"}
    other = OTLPExporter(f"http://{server.address}", protocol="grpc", environment=variables)
    assert 2 == len({id(lane.transport) for lane in other._lanes.values()})


def test_the_repr_tells_no_secret(start):
    """Neither a header nor a password."""
    one = OTLPExporter(
        "https://user:secret@collector.example.org",
        protocol="grpc",
        headers={"x-key": "secret"},
        environment={},
        signals=["traces"],
    )
    expected = "OTLPExporter('collector.example.org:4317', grpc, none, authorization=..., x-key=...)"
    assert expected == repr(one)
    assert "collector.example.org:4317" == one.address


def test_credentials_in_clear_are_warned_of(troubles):
    """To another host, that is."""
    OTLPExporter("http://c", protocol="grpc", headers={"authorization": "x"}, environment={})
    assert {"otlp.in_clear": 2} == troubles()


def test_no_time_left_makes_no_call(server, make_span):
    """It is told as what it is."""
    outcome = exporter(server).send("spans", b"", 0)
    assert (delivery.Verdict.RETRY, []) == (outcome.verdict, server.called)
    assert "no time left" in outcome.message
