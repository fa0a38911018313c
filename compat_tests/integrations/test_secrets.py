"""With every integration on, no secret that passes through the libraries leaves, in either form of OTLP.

The programs stand in `secrets/`: `web` serves and sends requests, `stores` asks every database, and `calls`
has Django's forms, gRPC's calls and Celery's tasks.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from compat_tests.integrations._editions import EDITIONS, HERE

pytestmark = [pytest.mark.slow, pytest.mark.server]

SECRETS = (
    *("bearer9Zq", "cookie7Wk", "token5Vt", "literal3Nm", "password1Hx"),
    # A number, and what is written as hexadecimal digits.
    *("4111222233334444", "c0ffee5ec2e7"),
)
CAPTURED = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS"
LISTED = "Authorization,Cookie,Set-Cookie,X-Long"
STORES = ("postgres", "mariadb", "redis", "mongodb")


class Program:
    """What a process that had secrets has sent, and what it said."""

    def __init__(self, name: str, protocol: str, ports: dict[str, int]) -> None:
        self._sent: list[tuple[str, bytes]] = []
        with Receiver(self._sent) as port:
            done = subprocess.run(
                [
                    str(EDITIONS[-1].interpreter()),
                    str(HERE / "secrets" / f"{name}.py"),
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
                    **{f"MIDSPAN_TEST_{server.upper()}": str(port) for server, port in ports.items()},
                },
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        assert done.returncode == 0, done.stderr
        self.said, _, names = done.stdout.strip().rpartition("\n")
        self.names = names.split(",")

    def sent(self, signal: str) -> bytes:
        """Return all that was sent of a signal: `traces` or `metrics`."""
        return b"".join(self._bodies(signal))

    def points(self, metric: str) -> str:
        """Return all points of a metric that was sent as JSON."""
        resources = [each for body in self._bodies("metrics") for each in json.loads(body)["resourceMetrics"]]
        metrics = [each for of in resources for scope in of["scopeMetrics"] for each in scope["metrics"]]
        return json.dumps([each for each in metrics if each["name"] == metric])

    def _bodies(self, signal: str) -> list[bytes]:
        return [body for path, body in self._sent if path == f"/v1/{signal}"]


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


@pytest.fixture(scope="module")
def ran(servers):
    """Return a function that runs a program once, and remembers what came of it."""

    @cache
    def run(name: str, protocol: str) -> Program:
        ports = {server: servers.port(server) for server in STORES} if name == "stores" else {}
        return Program(name, protocol, ports)

    return run


@pytest.fixture(
    params=[
        ("web", "http/protobuf"),
        ("web", "http/json"),
        ("stores", "http/json"),
        ("calls", "http/json"),
    ],
    ids="-".join,
)
def program(ran, request):
    """Give each of the programs, in one encoding or the other."""
    return ran(*request.param)


def test_no_secret_leaves(program):
    """Neither spans, metrics and their exemplars, nor a line of our log holds one, in whatever case."""
    everything = program.sent("traces") + program.sent("metrics") + program.said.encode()
    assert [] == [secret for secret in SECRETS if secret.lower().encode() in everything.lower()]


# What stood beside the secrets: a search that finds none has not searched nothing.
BESIDE = {
    ("web", "http/protobuf"): [
        *("page=2", "page=3", "page=4", "/orders/<number>", "/items/{number}", "BREW", "curious/1.0"),
        *("cannot connect", "db.internal", "http.request.header.authorization", "http.request.header.x-long"),
        *("http.request.header.cookie", "http.response.header.set-cookie", "FROM cards WHERE number = ?"),
        *("no such table", "/gone", "REDACTED"),
    ],
    ("stores", "http/json"): [
        *(f"midspan.integrations.{name}" for name in ("psycopg2", "pymysql", "mysql_connector")),
        *(f"midspan.integrations.{name}" for name in ("sqlalchemy", "redis", "pymongo")),
        *("SELECT ?::jsonb -> ? FROM pg_class", "ARRAY[relname, ?]", "SELECT _utf8mb4? FROM", "composed"),
        *("ALTER USER ann PASSWORD ?", "IDENTIFIED ...", "INSERT INTO cards VALUES (%s, %s)"),
        # What the servers said: a value that is there already, one of the wrong type, one out of bounds.
        *("23505", "duplicate key value violates unique constraint ?", "22P02", "23514"),
        *("1062", "Duplicate entry ?", "1366", "4025", "42601", "asyncpg", "E11000 duplicate key"),
        *("GET ?", "ACL SETUSER ?", "CONFIG SET ? ?", "WRONGTYPE", "WRONGPASS", "MULTI", "unknown command ?"),
        *("insert cards", "find cards", "dropUser", r"\"filter\": {\"owner\": {\"$in\": [\"?\"]}"),
    ],
    ("calls", "http/json"): [
        *("/pay/<int:number>", "/broken/<int:number>", "page=2", "page=3", "TroubleError", "db.internal"),
        *("shop.Cards/fine", "FAILED_PRECONDITION", "shop.Cards/made/up", "REDACTED"),
        *("send shop.charge", "process shop.charge", "process shop.refund", "OperationalError"),
    ],
}


@pytest.mark.parametrize("run", BESIDE, ids=lambda run: run[0])
def test_what_stood_beside_the_secrets_is_there(ran, run):
    """Statements without literals, servers' messages without values, routes, methods and tasks."""
    sent = ran(*run).sent("traces")
    assert [] == [text for text in BESIDE[run] if text.encode() not in sent]


def test_our_log_tells_of_a_hook_that_fails(ran):
    """The log that was searched had something to say of an exception with secrets."""
    assert "no hook for" in ran("web", "http/json").said


def test_captured_headers_are_bounded(ran):
    """Of 5,000 characters 1,024 are sent."""
    spans = ran("web", "http/json").sent("traces")
    assert b"x" * 1_024 in spans
    assert b"x" * 1_025 not in spans


@pytest.mark.parametrize(
    ("name", "metric", "known", "made_up"),
    [
        (
            "web",
            "http.server.request.duration",
            "/orders/<number>",
            ("/orders/7", "/items/7", "/far", "/gone", "BREW", "curious/1.0"),
        ),
        ("calls", "http.server.request.duration", "/pay/<int:number>", ("/pay/7", "/broken/7", "nowhere")),
        ("calls", "rpc.server.call.duration", "shop.Cards/fine", ("made", "client.port")),
        ("calls", "messaging.process.duration", "shop.refund", ("made.up.7", "orders@")),
        ("stores", "db.client.operation.duration", "ACL SETUSER", ("session:", "ann", "?")),
    ],
)
def test_nobody_makes_up_an_attribute_of_a_metric(ran, name, metric, known, made_up):
    """Neither paths, methods and tasks that do not exist, user agents nor keys: only what is known."""
    points = ran(name, "http/json").points(metric)
    assert (True, []) == (known in points, [text for text in made_up if text in points])


def test_all_integrations_were_on(program):
    """A new one is searched as well."""
    assert {"flask", "fastapi", "requests", "httpx", "urllib3", "sqlite3", "sqlalchemy"} <= set(program.names)
    assert {"psycopg2", "pymysql", "mysql_connector", "redis", "pymongo", "celery", "django", "grpc"} <= set(
        program.names
    )
