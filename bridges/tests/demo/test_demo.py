from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

pytest.importorskip("flask_opentracing")
pytest.importorskip("requests_opentracing")
pytest.importorskip("opencensus.ext.flask")
pytest.importorskip("opencensus.ext.requests")


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "midspan.cli", "demo", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_demo_shows_one_trace_and_one_table() -> None:
    """Real processes on three APIs make one tree and one table that points into it; the exit code says so."""
    done = demo()
    assert "" == done.stderr
    assert 0 == done.returncode
    assert (1, 1) == (done.stdout.count("── trace "), done.stdout.count("── metrics "))
    for service in ("storefront", "pricing", "shipping", "ledger"):
        assert f"■ {service}" in done.stdout
    trace_id = done.stdout.split()[2]
    assert done.stdout.count(f"in trace {trace_id}") == done.stdout.count("in trace ") > 0
    assert done.stdout.endswith(
        "One trace through 4 services and 3 APIs: 5 OpenCensus, 9 OpenTracing, 4 native spans, none lost.\n"
        "One table of 3 OpenCensus, 2 native metrics: each of 5 exemplars points at a span of that trace.\n"
    )


@pytest.mark.slow
def test_baggage_set_through_opentracing_reaches_native_code_and_opentracing_again() -> None:
    """What the storefront says of its customer is known two services further on."""
    shown = demo("--attributes").stdout
    assert 2 == shown.count("customer.tier = gold")


@pytest.mark.slow
def test_each_request_is_a_trace_of_its_own() -> None:
    """Three requests leave three whole traces."""
    done = demo("--requests", "3")
    assert 0 == done.returncode
    assert 3 == done.stdout.count("── trace ")
    assert "3 traces for 3 requests" in done.stdout


@pytest.mark.slow
def test_a_collector_that_is_away_is_no_success() -> None:
    """With nobody at the endpoint the demo says which service could not deliver, and fails."""
    done = demo("--exporter", "otlp", "--endpoint", "http://127.0.0.1:9")
    assert 1 == done.returncode
    assert "could not deliver all that it recorded" in done.stderr


def test_an_endpoint_needs_the_exporter_it_is_for() -> None:
    """An option that would be ignored is refused."""
    done = demo("--endpoint", "http://127.0.0.1:9")
    assert 2 == done.returncode
    assert "--endpoint goes with --exporter otlp" in done.stderr


class _Collector(BaseHTTPRequestHandler):
    posted: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        type(self).posted.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


def _names(request: ExportMetricsServiceRequest) -> list[str]:
    """Return the name of the service, and of its metrics."""
    (group,) = request.resource_metrics
    services = [pair.value.string_value for pair in group.resource.attributes if pair.key == "service.name"]
    return [*services, *(metric.name for scope in group.scope_metrics for metric in scope.metrics)]


@pytest.mark.slow
def test_a_collector_is_sent_what_every_service_recorded() -> None:
    """With an endpoint each service posts its spans there, and its metrics if it has any."""
    _Collector.posted = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        done = demo("--exporter", "otlp", "--endpoint", f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
    assert (0, "") == (done.returncode, done.stderr)
    paths = sorted(path for path, _ in _Collector.posted)
    assert ["/v1/metrics"] * 2 + ["/v1/traces"] * 4 == paths
    bodies = [body for path, body in _Collector.posted if path == "/v1/metrics"]
    assert [
        "pricing",
        "quote.duration",
        "quotes",
        "shipping",
        "shipping/parcels",
        "shipping/postage",
        "shipping/weight",
    ] == sorted(name for body in bodies for name in _names(ExportMetricsServiceRequest.FromString(body)))
    assert f"accepted by http://127.0.0.1:{server.server_port}" in done.stdout


def test_services_are_told_apart_by_json_lines(tmp_path) -> None:
    """Each line that a service writes is one OTLP document with its name."""
    from midspan.demo._services import SERVICES, Running

    service = SERVICES[1]
    running = Running(service, tmp_path / "telemetry.jsonl", "console", None)
    try:
        assert running.port() > 0
        running.begin({})
        running.stop()
    finally:
        running.kill()
    for line in (tmp_path / "telemetry.jsonl").read_text().splitlines():
        assert json.loads(line)["resourceSpans"]
