"""Servers that end with their test, among them one that is told byte by byte what to say."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from exporters.tests.otlp.conftest import collector, elapsed, speak, tls_collector, tunnel
from midspan.exporters._http import Endpoint
from midspan.exporters._http._transport import HTTPTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["collector", "elapsed", "open_to", "serve", "speak", "tls_collector", "tunnel"]


@pytest.fixture
def open_to() -> Iterator[Callable[..., HTTPTransport]]:
    """Return a function that makes a transport to a URL."""
    opened: list[HTTPTransport] = []

    def open_to(url: str, *arguments: object, **options: object) -> HTTPTransport:
        opened.append(HTTPTransport(Endpoint(url, *arguments, **options)))
        return opened[-1]

    yield open_to
    for transport in opened:
        transport.close()


class Server:
    """Give each connection, with its number from 0, to `talk`; close it after that."""

    def __init__(self, talk: Callable[[socket.socket, int], None], host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._talk = talk
        self._listener = socket.create_server((host, 0), family=family)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self.connections = 0
        # What one of the connections was asked, whole requests.
        self.received: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                number, self.connections = self.connections, self.connections + 1
                threading.Thread(target=self._hold, args=(connection, number), daemon=True).start()

    def _hold(self, connection: socket.socket, number: int) -> None:
        with connection, contextlib.suppress(OSError):
            self._talk(connection, number)

    def take(self, connection: socket.socket) -> bytes:
        """Return the body of the next request; none if there is no request."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65_536)
            if not more:
                return b""
            data += more
        head, _, begun = data.partition(b"\r\n\r\n")
        body = bytearray(begun)
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
        while len(body) < length:
            more = connection.recv(1_000_000)
            if not more:
                return b""
            body += more
        self.received.append(bytes(body))
        return bytes(body)

    def close(self) -> None:
        """Stop listening."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Return a function that starts a `Server`."""
    servers: list[Server] = []

    def serve(talk: Callable[..., None], **options: object) -> Server:
        servers.append(Server(talk, **options))
        return servers[-1]

    yield serve
    for server in servers:
        server.close()
