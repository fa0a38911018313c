"""What midspan doctor says of our own exporters, with each mistake that people make."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from exporters.tests._oracle import decode
from exporters.tests.otlp.conftest import server_tls


@pytest.fixture
def free_port():
    """Return a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_a_collector_that_takes_it_all_is_well(collector, doctor):
    """The span that arrives is the one whose trace is named, of the service that was configured."""
    run = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    assert (0, {"otlp spans": "accepted", "otlp metrics": "accepted"}) == (run.code, run.sent)
    (body,) = [each.body for each in collector.received if each.path == "/v1/traces"]
    (decoded,) = decode(body)
    assert (run.told["trace_id"], "midspan doctor") == (decoded.span.trace_id.hex(), decoded.span.name)
    assert ["/v1/metrics", "/v1/traces"] == sorted(each.path for each in collector.received)


def test_the_exporter_tells_how_it_sends_and_who_said_so(collector, doctor):
    """Address, protocol, compression and the names of headers; the variables that were read."""
    run = doctor(
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
        OTEL_EXPORTER_OTLP_HEADERS="api-key=k-e-y",
    )
    (backend,) = run.told["exporters"]
    said_by = ["ENDPOINT", "HEADERS", "COMPRESSION"]
    assert [f"OTEL_EXPORTER_OTLP_{each}" for each in said_by] == backend["said_by"]
    assert backend["about"].endswith("http/protobuf, gzip, api-key=...)")


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (401, "check the key or token (OTEL_EXPORTER_OTLP_HEADERS=api-key=..., percent-encoded)"),
        (404, "check the path in OTEL_EXPORTER_OTLP_ENDPOINT"),
        (503, "the backend is there and cannot take anything now"),
    ],
)
def test_a_status_is_told_with_its_remedy(collector, doctor, status, remedy):
    """One trouble for both signals, if one remedy mends both."""
    collector.answer = (status, {"retry-after": "30"}, b"")
    run = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    ((text, told),) = run.troubles
    assert (1, True, True) == (run.code, f"HTTP {status}" in text, remedy in told)


def test_a_whole_endpoint_without_its_path_is_told(collector, doctor):
    """The variable of a signal is taken as it is, so it must have the path."""
    collector.answer = (404, {}, b"")
    run = doctor(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=collector.url, OTEL_METRICS_EXPORTER="none")
    ((_, remedy),) = run.troubles
    assert remedy == "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is taken as it is: its path is usually /v1/traces"


def test_a_collector_that_hangs_is_given_its_time_and_no_more(speak, doctor):
    """The exporter's own words, and what may be behind it."""
    run = doctor("--timeout", "0.3", OTEL_EXPORTER_OTLP_ENDPOINT=speak(b""))
    ((text, remedy),) = run.troubles
    assert (1, True) == (run.code, "no complete answer within 0.3 s" in text)
    assert remedy.startswith("it takes the connection and does not answer in time")


@pytest.fixture
def grpc_port():
    """Return the port of a server for gRPC."""
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(None).wait()


def test_http_to_a_port_for_grpc_is_told(grpc_port, doctor):
    """It is the commonest mistake of all: 4317 for 4318."""
    run = doctor("--timeout", "1", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{grpc_port}")
    ((_, remedy),) = run.troubles
    assert (1, True, True) == (run.code, "speaks HTTP/2, as gRPC does" in remedy, "PROTOCOL=grpc" in remedy)


GRPC = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}


def test_grpc_to_a_port_for_http_is_told(collector, doctor):
    """The other way round."""
    run = doctor("--timeout", "2", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, **GRPC)
    ((_, remedy),) = run.troubles
    assert (1, True) == (run.code, f"port {collector.port} speaks HTTP/1.1, not gRPC" in remedy)


def test_grpc_to_a_server_without_the_service_is_told(grpc_port, doctor):
    """Some other program's port."""
    run = doctor("--timeout", "2", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{grpc_port}", **GRPC)
    ((text, remedy),) = run.troubles
    assert ("UNIMPLEMENTED" in text, True) == (True, "has no such service" in remedy)


def test_grpc_with_tls_to_a_port_without_is_told(grpc_port, doctor):
    """Whatever the library says of it."""
    run = doctor("--timeout", "2", OTEL_EXPORTER_OTLP_ENDPOINT=f"https://127.0.0.1:{grpc_port}", **GRPC)
    ((_, remedy),) = run.troubles
    assert f"port {grpc_port} does not speak TLS: write http:// in" in remedy


def test_http_to_a_port_with_tls_is_told(tls_collector, doctor):
    """And https is what it takes."""
    collector = tls_collector(server_tls())
    run = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url.replace("https", "http"))
    ((_, remedy),) = run.troubles
    assert f"port {collector.port} speaks TLS: write https:// in OTEL_EXPORTER_OTLP_ENDPOINT" == remedy


def test_https_to_a_port_without_tls_is_told(collector, doctor):
    """The other way round."""
    run = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url.replace("http", "https"))
    ((_, remedy),) = run.troubles
    assert f"port {collector.port} does not speak TLS: write http:// in" in remedy


def test_an_authority_that_nobody_trusts_is_told(tls_collector, doctor, monkeypatch):
    """With the variable that names one to trust."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    run = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=tls_collector(server_tls()).url)
    ((text, remedy),) = run.troubles
    assert (True, True) == (
        "CERTIFICATE_VERIFY_FAILED" in text,
        remedy.endswith("OTEL_EXPORTER_OTLP_CERTIFICATE"),
    )


def test_a_partial_success_is_told_with_what_the_collector_says(collector, doctor):
    """rejected_spans and error_message of its answer."""
    collector.answer = (
        200,
        {"content-type": "application/json"},
        b'{"partialSuccess": {"rejectedSpans": "1", "errorMessage": "too old"}}',
    )
    run = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_METRICS_EXPORTER="none")
    ((text, _),) = run.troubles
    assert ({"otlp spans": "rejected"}, True) == (run.sent, "too old" in text)


def test_credentials_in_the_clear_are_a_warning(doctor):
    """What the exporter would say once in a log."""
    run = doctor(
        "--no-send",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://collector.invalid:4318",
        OTEL_EXPORTER_OTLP_HEADERS="api-key=zq81-planted",
    )
    warnings = [each["text"] for each in run.told["findings"] if each["level"] == "warning"]
    assert any("api-key is sent unencrypted" in each for each in warnings)


def test_an_agent_for_datagrams_acknowledges_nothing_and_that_is_said(doctor):
    """That nobody refused it is all that can be known."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.bind(("127.0.0.1", 0))
        run = doctor(
            OTEL_TRACES_EXPORTER="jaeger",
            OTEL_METRICS_EXPORTER="none",
            JAEGER_AGENT_HOST="127.0.0.1",
            JAEGER_AGENT_PORT=str(agent.getsockname()[1]),
        )
    (backend,) = run.told["exporters"]
    assert (0, "unknown") == (run.code, backend["sent"][0]["verdict"])
    assert "nobody acknowledges a datagram" in backend["sent"][0]["message"]
    assert [f"JAEGER_AGENT_{each} (jaeger-client's)" for each in ("HOST", "PORT")] == backend["said_by"]


def test_an_agent_that_is_not_there_is_told(doctor, free_port):
    """On this very machine the system says that nobody listens."""
    run = doctor(
        OTEL_TRACES_EXPORTER="jaeger",
        OTEL_METRICS_EXPORTER="none",
        OTEL_EXPORTER_JAEGER_AGENT_HOST="127.0.0.1",
        OTEL_EXPORTER_JAEGER_AGENT_PORT=str(free_port),
    )
    ((_, remedy),) = run.troubles
    assert f"nobody listens at 127.0.0.1:{free_port}" in remedy


def test_zipkin_is_tried_as_otlp_is(collector, doctor):
    """The same words for every exporter that sends."""
    run = doctor(
        OTEL_TRACES_EXPORTER="zipkin",
        OTEL_METRICS_EXPORTER="none",
        OTEL_EXPORTER_ZIPKIN_ENDPOINT=f"{collector.url}/api/v2/spans",
    )
    assert (0, {"zipkin spans": "accepted"}) == (run.code, run.sent)


def test_prometheus_is_asked_as_prometheus_would(doctor, free_port):
    """The port opens, and the metric is there; whether anybody else asks cannot be known."""
    run = doctor(
        OTEL_TRACES_EXPORTER="none",
        OTEL_METRICS_EXPORTER="prometheus",
        OTEL_EXPORTER_PROMETHEUS_PORT=str(free_port),
    )
    (backend,) = run.told["exporters"]
    assert (0, "accepted", True) == (
        run.code,
        backend["sent"][0]["verdict"],
        "only its page Targets can tell" in backend["sent"][0]["message"],
    )


def test_a_port_that_is_taken_is_a_refusal_with_a_remedy(doctor):
    """Often it is the application itself that has it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        run = doctor(
            OTEL_TRACES_EXPORTER="none",
            OTEL_METRICS_EXPORTER="prometheus",
            OTEL_EXPORTER_PROMETHEUS_HOST="127.0.0.1",
            OTEL_EXPORTER_PROMETHEUS_PORT=str(taken.getsockname()[1]),
        )
    assert (3, True) == (run.code, "if the application runs here" in run.troubles[0][1])


@pytest.mark.gevent
def test_under_gevent_it_sends_as_well_and_says_so(collector):
    """In a process of its own: what is patched stays so."""
    code = (
        "from gevent import monkey; monkey.patch_all()\n"
        "import sys; from midspan.cli import main; sys.exit(main(['doctor', '--json']))"
    )
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    told = json.loads(done.stdout)
    settings = {each["name"]: each["value"] for each in told["settings"]}
    assert (0, "has patched sockets here") == (done.returncode, settings["gevent"])


def test_files_and_consoles_are_written_to(doctor, tmp_path):
    """What an exporter prints is counted, not shown; a file gets its lines."""
    path = tmp_path / "telemetry.jsonl"
    run = doctor(
        OTEL_TRACES_EXPORTER="console,jsonl", OTEL_METRICS_EXPORTER="jsonl", MIDSPAN_JSONL_PATH=str(path)
    )
    assert {"console spans": "accepted", "jsonl spans": "accepted", "jsonl metrics": "accepted"} == run.sent
    assert ("midspan doctor" in path.read_text(), True) == (True, "were printed" in str(run.told["findings"]))
