"""Servers on loopback: one that keeps what it is sent, and one that says whatever bytes a test wants said."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TLS = Path(__file__).parent / "tls"


class Received(NamedTuple):
    """One request, its body decompressed."""

    path: str
    headers: dict[str, str]
    body: bytes


class Collector:
    """An HTTP server that answers each request as it is told to, and remembers it."""

    def __init__(self, tls: ssl.SSLContext | None = None, *, port: int = 0) -> None:
        self.received: list[Received] = []
        self.answer: tuple[int, dict[str, str], bytes] = (200, {}, b"")
        self.connections = 0
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                collector.connections += 1
                super().setup()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                if headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                collector.received.append(Received(self.path, headers, body))
                status, more, content = collector.answer
                self.send_response(status)
                for name, value in {"content-length": str(len(content)), **more}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                """Say nothing: a client that goes away in the middle is what some tests are about."""

        self._server = Server(("127.0.0.1", port), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Return a collector over plain HTTP."""
    collector = Collector()
    yield collector
    collector.close()


def server_tls(name: str = "server", *, client_ca: bool = False) -> ssl.SSLContext:
    """Return what a server needs to speak TLS; with `client_ca`, it asks clients who they are."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / f"{name}.pem", TLS / f"{name}.key")
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(TLS / "ca.pem")
    return context


@pytest.fixture
def tls_collector() -> Iterator[Callable[..., Collector]]:
    """Return a function that starts a collector with TLS."""
    started: list[Collector] = []

    def start(context: ssl.SSLContext) -> Collector:
        started.append(Collector(context))
        return started[-1]

    yield start
    for collector in started:
        collector.close()


class Speaker:
    """A server that says given bytes, some at a time, to whoever connects, and then nothing more.

    With `reads=False` it does not even take the request off the wire.
    """

    def __init__(self, data: bytes, *, at_once: int = 1, pause_s: float = 0.05, reads: bool = True) -> None:
        self._data, self._at_once, self._pause_s, self._reads = data, at_once, pause_s, reads
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            if self._reads:
                connection.recv(65_536)
            for at in range(0, len(self._data), self._at_once):
                connection.sendall(self._data[at : at + self._at_once])
                self._stop.wait(self._pause_s)
            self._stop.wait(60)

    def close(self) -> None:
        """Stop listening and let everybody go."""
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class Tunnel:
    """A proxy that opens a tunnel to one address, whatever host it is asked for, and remembers who was."""

    def __init__(self, port: int) -> None:
        self.asked: list[str] = []
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.asked.append(client.recv(65_536).split(b"\r\n")[0].decode())
                server = socket.create_connection(("127.0.0.1", self._port))
                client.sendall(b"HTTP/1.1 200 Connection established\r\nvia: tunnel\r\n\r\n")
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=self._pipe, args=(one, other), daemon=True).start()

    @staticmethod
    def _pipe(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)
        one.close()

    def close(self) -> None:
        """Stop listening."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def tunnel() -> Iterator[Callable[[int], Tunnel]]:
    """Return a function that starts a proxy which opens tunnels to a port."""
    tunnels: list[Tunnel] = []

    def start(port: int) -> Tunnel:
        tunnels.append(Tunnel(port))
        return tunnels[-1]

    yield start
    for each in tunnels:
        each.close()


@pytest.fixture
def speak() -> Iterator[Callable[..., str]]:
    """Return a function that starts a `Speaker` and gives its URL."""
    speakers: list[Speaker] = []

    def start(data: bytes, **options: Any) -> str:
        speakers.append(Speaker(data, **options))
        return speakers[-1].url

    yield start
    for speaker in speakers:
        speaker.close()


@pytest.fixture
def elapsed() -> Callable[[], float]:
    """Return a function that says how many seconds have passed since the test began."""
    begin = time.monotonic()
    return lambda: time.monotonic() - begin
