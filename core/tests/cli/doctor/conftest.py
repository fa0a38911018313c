"""A server of our own, an exporter that somebody else registered, and the command as a person runs it."""

from __future__ import annotations

import http.server
import json
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from midspan.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# An exporter as another distribution would bring it: the standard library is all that it needs.
POSTER = '''
import http.client
import os
from urllib.parse import urlsplit

from midspan import delivery


class Poster:
    """Post names to a server, which answers with the number of those that it does not like."""

    name = "poster"
    variables = ("OTEL_EXPORTER_POSTER_URL",)

    def __init__(self, endpoint=None):
        self.address = endpoint or os.environ.get("OTEL_EXPORTER_POSTER_URL", "http://127.0.0.1:1")

    def encode_spans(self, spans):
        return " ".join(span.name for span in spans).encode()

    def encode_metrics(self, metrics):
        return " ".join(metric.name for metric in metrics).encode()

    def send(self, signal, body, timeout_s):
        url = urlsplit(self.address)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=timeout_s)
        try:
            connection.request("POST", f"/{signal}", body)
            answer = connection.getresponse()
            said = answer.read().decode()
        except OSError as error:
            return delivery.retry(f"{self.address}: {error}")
        finally:
            connection.close()
        if answer.status == 200:
            return delivery.accepted(int(said or 0))
        refuse = delivery.retry if answer.status == 503 else delivery.refused
        return refuse(f"{self.address}: HTTP {answer.status} {said}")
'''


class Run(NamedTuple):
    """What a run of the command has left."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> dict[str, Any]:
        """The document of a run with --json."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    def findings(self, level: str) -> list[str]:
        """Return the findings of a level, each with its remedy."""
        found = [each for each in self.told["findings"] if each["level"] == level]
        return [f"{each['text']} -> {each['remedy']}" if each["remedy"] else each["text"] for each in found]

    def sent(self, exporter: str = "poster") -> dict[str, str]:
        """Return the verdicts on what was sent to an exporter."""
        (backend,) = [each for each in self.told["exporters"] if each["name"] == exporter]
        return {each["signal"]: each["verdict"] for each in backend["sent"]}


class Server:
    """An HTTP server that answers each post as it is told to, and remembers it."""

    def __init__(self) -> None:
        self.answer: tuple[int, str] = (200, "")
        self.posts: list[tuple[str, str]] = []
        self.date: str | None = None
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response(404)
                self.end_headers()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                server.posts.append((self.path, body))
                status, said = server.answer
                self.send_response(status)
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                self.wfile.write(said.encode())

            def date_time_string(self, timestamp: float | None = None) -> str:
                return server.date or super().date_time_string(timestamp)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what the machine's owner has set."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "MIDSPAN_", "JAEGER_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    monkeypatch.setenv("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", "service")


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a server that takes everything."""
    server = Server()
    yield server
    server.close()


@pytest.fixture
def register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that puts a distribution on the path, with one plug-in."""
    monkeypatch.syspath_prepend(tmp_path)

    def add(
        name: str, code: str, target: str, *, group: str = "exporters", requires: tuple[str, ...] = ()
    ) -> None:
        folder = tmp_path / f"plugin_{name}-1.0.dist-info"
        folder.mkdir()
        # Another test may have had a module of this name.
        monkeypatch.delitem(sys.modules, f"plugin_{name}", raising=False)
        about = ["Metadata-Version: 2.1", f"Name: plugin-{name}", "Version: 1.0"]
        about += [
            f"Provides-Extra: {name}",
            *(f"Requires-Dist: {each}; extra == '{name}'" for each in requires),
        ]
        (folder / "METADATA").write_text("\n".join([*about, ""]))
        (folder / "entry_points.txt").write_text(f"[midspan.{group}]\n{name} = plugin_{name}:{target}\n")
        (tmp_path / f"plugin_{name}.py").write_text(code)

    return add


@pytest.fixture
def poster(register: Callable[..., None], server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Let an exporter of somebody else's be the one that is configured; return its server."""
    register("poster", POSTER, "Poster")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "poster")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "poster")
    monkeypatch.setenv("OTEL_EXPORTER_POSTER_URL", server.url)
    return server


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Return a function that runs `midspan doctor` with some words."""

    def run(*words: str) -> Run:
        code = main(["doctor", *words])
        said = capsys.readouterr()
        return Run(code, said.out, said.err)

    return run
