"""What goes over the wire, and what each end of a stream means."""

from __future__ import annotations

import socket
import time

import pytest

from exporters.tests.opencensus_agent._decoder import decode_metrics, decode_spans
from exporters.tests.opencensus_agent.conftest import server_credentials
from exporters.tests.otlp.conftest import TLS
from midspan import metrics, sdk, trace
from midspan.delivery import Verdict
from midspan.exporters.opencensus_agent import OpenCensusAgentExporter


@pytest.fixture
def make_exporter():
    """Return a function that makes an exporter, which is shut down when the test ends."""
    made = []

    def make(endpoint, **options):
        made.append(OpenCensusAgentExporter(endpoint, environment={}, **options))
        return made[-1]

    yield make
    for exporter in made:
        exporter.shutdown(1)


def test_each_request_is_a_stream_of_one_message_with_its_node(agent, make_exporter, make_span):
    """The Collector's receiver refuses a stream that does not begin with a node."""
    exporter = make_exporter(agent.endpoint)
    assert [True, True] == [exporter.export_spans([make_span(name)]) for name in "ab"]
    told = [decode_spans(body) for stream in agent.streams for body in stream.messages]
    assert [1, 1] == [len(stream.messages) for stream in agent.streams]
    assert [("shop", "a"), ("shop", "b")] == [
        (each["node"]["service_info"]["name"], each["spans"][0]["name"]) for each in told
    ]


def test_headers(agent, make_exporter, make_span):
    """They are sent as metadata, with the name of who sends."""
    make_exporter(agent.endpoint, headers={"X-Tenant": "a", "b-bin": b"\xff"}).export_spans([make_span()])
    metadata = agent.streams[0].metadata
    assert ("a", b"\xff", True) == (
        metadata["x-tenant"],
        metadata["b-bin"],
        "midspan/" in metadata["user-agent"],
    )


def test_compressed(agent, make_exporter, make_span):
    """gRPC compresses, and the agent reads the same."""
    exporter = make_exporter(agent.endpoint, compression="gzip")
    assert exporter.export_spans([make_span("a", attributes={"long": "x" * 10_000})])
    (stream,) = agent.streams
    assert "x" * 10_000 == decode_spans(stream.messages[0])["spans"][0]["attributes"]["attribute_map"]["long"]


RETRY_INFO = (
    b"\x1a\x30\x0a\x28type.googleapis.com/google.rpc.RetryInfo\x12\x04\x0a\x02\x08\x07"  # after seven seconds
)


@pytest.mark.parametrize(
    ("code", "said", "verdict"),
    [
        ("OK", "", Verdict.ACCEPTED),
        ("UNAVAILABLE", "busy", Verdict.RETRY),
        ("DEADLINE_EXCEEDED", "slow", Verdict.RETRY),
        ("UNKNOWN", "data refused due to high memory usage", Verdict.RETRY),
        ("UNKNOWN", "Permanent error: bad data", Verdict.REFUSED),
        ("INVALID_ARGUMENT", "odd", Verdict.REFUSED),
        ("UNIMPLEMENTED", "unknown service", Verdict.REFUSED),
        ("UNAUTHENTICATED", "who?", Verdict.REFUSED),
        ("RESOURCE_EXHAUSTED", "quota", Verdict.REFUSED),
        ("RESOURCE_EXHAUSTED", "grpc: received message larger than max (5 vs. 4)", Verdict.TOO_LARGE),
    ],
)
def test_how_a_stream_ends(agent, make_exporter, code, said, verdict):
    """A stream that ended well was taken; errors that may pass are tried again, others are not."""
    agent.ends_with = code, said
    outcome = make_exporter(agent.endpoint).send("spans", b"\x0a\x00", 5)
    assert verdict is outcome.verdict
    assert verdict is Verdict.ACCEPTED or f"{agent.endpoint}: {code} {said}" == outcome.message


def test_how_long_an_agent_wants_to_be_left_alone(agent, make_exporter):
    """It says so in the details of the status."""
    agent.ends_with = "UNAVAILABLE", "busy"
    agent.metadata = [("grpc-status-details-bin", RETRY_INFO)]
    assert 7.0 == make_exporter(agent.endpoint).send("spans", b"\x0a\x00", 5).after_s


def test_nobody_listens(make_exporter):
    """It may help to try again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert Verdict.RETRY is make_exporter(f"127.0.0.1:{port}").send("spans", b"", 5).verdict


@pytest.mark.parametrize("limits", [(0.2, 10.0), (10.0, 0.2)])
def test_a_stream_without_an_end(agent, make_exporter, limits):
    """The deadline is the call's or the configured one, whichever is sooner, and nothing was accepted."""
    agent.may_end.clear()
    exporter = make_exporter(agent.endpoint, timeout_s=limits[0])
    before_s = time.monotonic()
    outcome = exporter.send("spans", b"\x0a\x00", limits[1])
    assert (Verdict.RETRY, True) == (outcome.verdict, time.monotonic() - before_s < 2)


def test_no_time_left(agent, make_exporter):
    """Nothing is sent."""
    assert Verdict.RETRY is make_exporter(agent.endpoint).send("spans", b"", 0).verdict
    assert [] == agent.streams


def test_what_was_not_accepted_is_said(agent, make_exporter, make_span, troubles):
    """For who calls the exporter by himself: False, counted, and logged with the reason."""
    agent.ends_with = "UNIMPLEMENTED", "unknown service"
    assert (False, 1) == (
        make_exporter(agent.endpoint).export_spans([make_span()]),
        troubles()["opencensus_agent.not_sent"],
    )


def test_tls(start_agent, make_exporter, make_span):
    """With the authority that is configured, and with a certificate of one's own where the agent wants it."""
    agent = start_agent(server_credentials(client_ca=True))
    mine = {"client_certificate": TLS / "client.pem", "client_key": TLS / "client.key"}
    exporter = make_exporter(f"https://localhost:{agent.port}", certificate=TLS / "ca.pem", **mine)
    assert exporter.export_spans([make_span()])


def test_a_certificate_that_nobody_vouches_for(start_agent, make_exporter):
    """It will never be right: the batch is refused at once."""
    agent = start_agent(server_credentials())
    exporter = make_exporter(f"localhost:{agent.port}", certificate=TLS / "elsewhere.pem")
    assert Verdict.REFUSED is exporter.send("spans", b"", 5).verdict


def test_a_pipeline_sends_both_signals(agent, monkeypatch):
    """By its name alone it takes spans and metrics."""
    monkeypatch.setenv("OC_AGENT_HOST", agent.endpoint)
    pipeline = sdk.configure(service_name="shop", exporters=["opencensus_agent"], environment={})
    trace.get_tracer("shop").start_span("charge").end()
    metrics.get_meter("shop").create_counter("orders").add(2, {"route": "/"})
    assert pipeline.shutdown(5)
    told = {stream.signal: stream.messages[0] for stream in agent.streams}
    names = {each["metric_descriptor"]["name"] for each in decode_metrics(told["metrics"])["metrics"]}
    assert (["charge"], True) == (
        [span["name"] for span in decode_spans(told["spans"])["spans"]],
        "orders" in names,
    )


def test_what_waited_for_an_agent_arrives(start_agent, make_exporter):
    """Spans that ended while nobody listened are sent once somebody does, and each of them once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    exporter = make_exporter(f"127.0.0.1:{port}")
    pipeline = sdk.configure(service_name="shop", exporters=[exporter], environment={}, self_metrics=False)
    trace.get_tracer("shop").start_span("charge").end()
    assert not pipeline.force_flush(0.2)
    agent = start_agent(port=port)
    assert pipeline.force_flush(10)
    account = pipeline.stats().exporters["opencensus_agent"]
    (stream,) = agent.streams
    assert ("charge", 1, {}, True) == (
        decode_spans(stream.messages[0])["spans"][0]["name"],
        account.exported,
        account.dropped,
        account.retried > 0,
    )


def test_a_batch_that_an_agent_finds_too_large_is_cut(start_agent, make_exporter):
    """All of it arrives in parts, in order, and the account is right."""
    agent = start_agent(max_bytes=2_000)
    exporter = make_exporter(agent.endpoint)
    pipeline = sdk.configure(service_name="shop", exporters=[exporter], environment={}, self_metrics=False)
    names = [f"charge {number}" for number in range(64)]
    for name in names:
        trace.get_tracer("shop").start_span(name).end()
    assert pipeline.force_flush(10)
    batches = [decode_spans(body)["spans"] for stream in agent.streams for body in stream.messages]
    assert sorted(names) == sorted(span["name"] for batch in batches for span in batch)
    account = pipeline.stats().exporters["opencensus_agent"]
    assert (64, {}, True) == (account.exported, account.dropped, len(batches) > 4)
