from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest.importorskip("flask_opentracing")
pytest.importorskip("requests_opentracing")


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "midspan.cli", "demo", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_demo_shows_one_trace_through_all_services() -> None:
    """Real processes, OpenTracing and native, make one tree, and the exit code says so."""
    done = demo()
    assert "" == done.stderr
    assert 0 == done.returncode
    assert 1 == done.stdout.count("── trace ")
    for service in ("storefront", "pricing", "ledger"):
        assert service in done.stdout
    assert done.stdout.endswith("One trace through 3 services: 6 OpenTracing, 4 native spans, none lost.\n")


@pytest.mark.slow
def test_baggage_set_through_opentracing_reaches_native_code_and_opentracing_again() -> None:
    """What the storefront says of its customer is known two services further on."""
    shown = demo("--attributes").stdout
    assert 2 == shown.count("customer.tier = gold") or 2 == shown.count("customer.tier=gold")


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
    assert "could not deliver all of its spans" in done.stderr


def test_an_endpoint_needs_the_exporter_it_is_for() -> None:
    """An option that would be ignored is refused."""
    done = demo("--endpoint", "http://127.0.0.1:9")
    assert 2 == done.returncode
    assert "--endpoint goes with --exporter otlp" in done.stderr


class _Collector(BaseHTTPRequestHandler):
    paths: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).paths.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.slow
def test_a_collector_is_sent_the_spans_of_every_service() -> None:
    """With an endpoint each service posts what it recorded there."""
    _Collector.paths = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        done = demo("--exporter", "otlp", "--endpoint", f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
    assert (0, "") == (done.returncode, done.stderr)
    assert ["/v1/traces"] * 3 == _Collector.paths
    assert f"accepted by http://127.0.0.1:{server.server_port}" in done.stdout


def test_services_are_told_apart_by_json_lines(tmp_path) -> None:
    """Each line that a service writes is one OTLP document with its name."""
    from midspan.demo._services import SERVICES, Running

    service = SERVICES[1]
    running = Running(service, tmp_path / "spans.jsonl", "console", None)
    try:
        assert running.port() > 0
        running.begin({})
        running.stop()
    finally:
        running.kill()
    for line in (tmp_path / "spans.jsonl").read_text().splitlines():
        assert json.loads(line)["resourceSpans"]
