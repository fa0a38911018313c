"""With every integration on, no secret that passes through the libraries leaves, in either form of OTLP."""

from __future__ import annotations

import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from compat_tests.integrations._editions import EDITIONS, HERE

pytestmark = [pytest.mark.slow, pytest.mark.server]

SECRETS = ("bearer9Zq", "cookie7Wk", "token5Vt", "literal3Nm", "password1Hx")
CAPTURED = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS"
LISTED = "Authorization,Cookie,Set-Cookie,X-Long"


class Shop:
    """What a process that had secrets has sent, and what it said."""

    def __init__(self, protocol: str) -> None:
        self.sent: list[tuple[str, bytes]] = []
        with Receiver(self.sent) as port:
            done = subprocess.run(
                [
                    str(EDITIONS[-1].interpreter()),
                    str(HERE / "secrets" / "secrets_app.py"),
                    ",".join(SECRETS),
                ],
                env={
                    **os.environ,
                    "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
                    "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
                    **{
                        f"{CAPTURED}_{side}_{direction}": LISTED
                        for side in ("SERVER", "CLIENT")
                        for direction in ("REQUEST", "RESPONSE")
                    },
                },
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        assert done.returncode == 0, done.stderr
        self.said, _, names = done.stdout.strip().rpartition("\n")
        self.names = names.split(",")


class Receiver:
    """A collector for the time of a `with` block, which gets its port."""

    def __init__(self, sent: list[tuple[str, bytes]]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_arguments: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> int:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return int(self._server.server_address[1])

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module", params=["http/protobuf", "http/json"])
def shop(request):
    """Run the process once an encoding."""
    return Shop(request.param)


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_leaves(shop, secret):
    """Neither a payload nor a line of our log holds it."""
    payloads = [body for _path, body in shop.sent]
    assert [] == [body for body in payloads if secret.encode() in body]
    assert secret not in shop.said


@pytest.mark.parametrize(
    "text",
    [
        *("page=2", "page=3", "page=4", "/orders/<number>", "/items/{number}", "BREW", "curious/1.0"),
        *("cannot connect", "db.internal", "http.request.header.authorization", "http.request.header.x-long"),
        *("http.request.header.cookie", "http.response.header.set-cookie", "FROM cards WHERE number = ?"),
        *("no such table", "/gone", "REDACTED"),
    ],
)
def test_what_stood_beside_the_secrets_is_there(shop, text):
    """A search that finds no secret has not searched nothing."""
    assert any(text.encode() in body for path, body in shop.sent if path == "/v1/traces")


def test_our_log_tells_of_a_hook_that_fails(shop):
    """The log that was searched had something to say of an exception with secrets."""
    assert "no hook for" in shop.said


def test_captured_headers_are_bounded(shop):
    """Of 5,000 characters 1,024 are sent."""
    spans = b"".join(body for path, body in shop.sent if path == "/v1/traces")
    assert b"x" * 1_024 in spans
    assert b"x" * 1_025 not in spans


@pytest.mark.parametrize("made_up", ["/orders/7", "/items/7", "/far", "/gone", "BREW", "curious/1.0"])
def test_no_client_makes_up_an_attribute_of_a_metric(shop, made_up):
    """Paths, methods that do not exist and user agents are in spans alone."""
    metrics = b"".join(body for path, body in shop.sent if path == "/v1/metrics")
    assert b"http.server.request.duration" in metrics
    assert made_up.encode() not in metrics


def test_all_integrations_were_on(shop):
    """A new one is searched as well."""
    assert {"flask", "fastapi", "requests", "httpx", "urllib3", "sqlite3", "sqlalchemy"} <= set(shop.names)
