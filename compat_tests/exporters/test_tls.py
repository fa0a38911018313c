"""OTLP through nginx, as it stands before a collector: TLS, client certificates, refusals, a Unix socket."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from compat_tests.exporters._batches import mixed
from compat_tests.exporters.conftest import free_port, running
from compat_tests.exporters.test_otlp import PROTOCOLS, spans_in
from midspan import sdk, trace
from midspan.delivery import Verdict
from midspan.exporters.otlp import OTLPExporter, encode_spans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compat_tests.exporters.conftest import Ports
    from midspan.delivery import Outcome

pytestmark = [pytest.mark.server, pytest.mark.slow]

PEM = Path(__file__).parents[2] / "exporters/tests/otlp/tls"
CA = PEM / "ca.pem"
CLIENT = {"client_certificate": PEM / "client.pem", "client_key": PEM / "client.key"}
# What nginx takes at most on the port that is narrow.
NARROW_BYTES = 64 * 1024

# One server for each way to listen; calls go to the agent's port for gRPC, requests to that for HTTP.
CONFIGURATION = """
{user}
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 16m;
  ssl_certificate {pem}/server.pem;
  ssl_certificate_key {pem}/server.key;
  {servers}
}}
"""
SERVER = """
  server {{
    {listen}
    add_header Retry-After 1 always;
    if (-f {folder}/ill) {{ return 503; }}
    location /v1/ {{ proxy_pass http://127.0.0.1:{http}; }}
    location /opentelemetry {{ grpc_pass grpc://127.0.0.1:{grpc}; }}
  }}
"""
LISTEN = {
    "tls": "listen 127.0.0.1:{port} ssl http2;",
    "mutual": "listen 127.0.0.1:{port} ssl http2; ssl_verify_client on; ssl_client_certificate {pem}/ca.pem;",
    "elsewhere": (
        "listen 127.0.0.1:{port} ssl http2;"
        " ssl_certificate {pem}/elsewhere.pem; ssl_certificate_key {pem}/elsewhere.key;"
    ),
    "plain": "listen 127.0.0.1:{port};",
    "plain for gRPC": "listen 127.0.0.1:{port} http2;",
    "narrow": "listen 127.0.0.1:{port} ssl http2; client_max_body_size 64k;",
    "socket": "listen unix:{folder}/socket http2;",
}


class Nginx(NamedTuple):
    """Where it listens, and its folder: a file named "ill" in it makes it answer 503."""

    ports: dict[str, int]
    folder: Path

    def url(self, name: str) -> str:
        """Return where one of its servers listens."""
        scheme = "http" if name.startswith("plain") else "https"
        return f"{scheme}://127.0.0.1:{self.ports[name]}"


@pytest.fixture(scope="session")
def nginx(agent_ports: Ports, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """Start nginx before the agent, once for all tests."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed (Debian: nginx-light)")
    folder = tmp_path_factory.mktemp("nginx")
    ports = {name: free_port() for name in LISTEN}
    servers = [
        SERVER.format(
            listen=listen.format(port=ports[name], pem=PEM, folder=folder),
            folder=folder,
            **agent_ports._asdict(),
        )
        for name, listen in LISTEN.items()
    ]
    user = "user root;" if os.geteuid() == 0 else ""
    text = CONFIGURATION.format(user=user, folder=folder, pem=PEM, servers="".join(servers))
    (folder / "nginx.conf").write_text(text)
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    with running(command, ports["tls"], folder / "log"):
        yield Nginx(ports, folder)


def send(endpoint: str, protocol: str, payload: bytes = b"", **options: Any) -> Outcome:
    """Send one payload; once more, as delivery would, if gRPC did not get to read why nginx refused it."""
    exporter = OTLPExporter(endpoint, protocol=protocol, environment={}, **options)
    try:
        outcome = exporter.send("spans", exporter.pack("spans", payload), 10)
        is_unread = "Stream removed" in (outcome.message or "")
        return exporter.send("spans", exporter.pack("spans", payload), 10) if is_unread else outcome
    finally:
        exporter.shutdown(1)


@pytest.fixture(autouse=True)
def no_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget whom the machine's owner trusts."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"):
        monkeypatch.delenv(name, raising=False)


def encoded(protocol: str) -> bytes:
    """Return a payload with a few spans."""
    exporter = OTLPExporter("http://c", protocol=protocol, environment={})
    payload = exporter.encode_spans(mixed()[:10])
    exporter.shutdown(1)
    return payload


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_spans_arrive_over_tls(nginx, test_agent, protocol):
    """Whose authority is the one that was configured."""
    outcome = send(nginx.url("tls"), protocol, encoded(protocol), certificate=CA)
    assert (Verdict.ACCEPTED, 10) == (outcome.verdict, len(spans_in(test_agent.ask("traces")))), outcome


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_spans_arrive_with_a_clients_certificate(nginx, test_agent, protocol):
    """Where one is asked for."""
    outcome = send(nginx.url("mutual"), protocol, encoded(protocol), certificate=CA, **CLIENT)
    assert (Verdict.ACCEPTED, 10) == (outcome.verdict, len(spans_in(test_agent.ask("traces")))), outcome


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_without_a_clients_certificate_nothing_arrives(nginx, test_agent, protocol):
    """nginx says 400, which is final in both protocols."""
    outcome = send(nginx.url("mutual"), protocol, encoded(protocol), certificate=CA)
    assert (Verdict.REFUSED, []) == (outcome.verdict, spans_in(test_agent.ask("traces"))), outcome


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("name", "options"), [("tls", {}), ("elsewhere", {"certificate": CA})])
def test_a_certificate_that_is_not_to_be_trusted_is_final_and_quick(nginx, protocol, name, options):
    """An authority that nobody knows; the certificate of another host."""
    began_s = time.monotonic()
    outcome = send(nginx.url(name), protocol, b"", **options)
    assert (Verdict.REFUSED, True) == (outcome.verdict, time.monotonic() - began_s < 3), outcome


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_too_large_for_nginx_is_to_be_cut(nginx, protocol):
    """413, in either protocol."""
    payload = encode_spans(mixed() * 3)
    assert len(payload) > NARROW_BYTES
    outcome = send(nginx.url("narrow"), protocol, payload, certificate=CA)
    assert Verdict.TOO_LARGE is outcome.verdict, outcome


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_spans_arrive_once_nginx_is_well_again(nginx, test_agent, protocol):
    """503 with Retry-After: over HTTP the pause is kept to; nothing is lost, nor counted as such."""
    ill = nginx.folder / "ill"
    ill.touch()
    endpoint = nginx.url("plain for gRPC" if protocol == "grpc" else "plain")
    exporter = OTLPExporter(endpoint, protocol=protocol, environment={})
    pipeline = sdk.configure(exporters=[exporter], environment={})
    try:
        # gRPC has a message of its own for this, of which nginx knows nothing.
        assert (None if protocol == "grpc" else 1.0) == exporter.send("spans", b"", 5).after_s
        trace.get_tracer("x").start_span("kept").end()
        assert not pipeline.force_flush(0.5)
    finally:
        ill.unlink()
    assert pipeline.shutdown(10)
    stats = pipeline.stats().exporters["otlp"]
    assert (1, {}, True) == (stats.exported, stats.dropped, stats.retried >= 1)
    assert ["kept"] == [span["name"] for span in spans_in(test_agent.ask("traces"))]


def test_spans_arrive_by_a_unix_socket(nginx, test_agent):
    """Over gRPC, without TLS."""
    outcome = send(f"unix:{nginx.folder}/socket", "grpc", encoded("grpc"))
    assert (Verdict.ACCEPTED, 10) == (outcome.verdict, len(spans_in(test_agent.ask("traces")))), outcome
