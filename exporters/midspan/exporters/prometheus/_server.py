"""Answer scrapes: a small HTTP server that malformed requests, slow clients and floods do not hold up."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import os
import socket
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Final

from prometheus_client.exposition import choose_encoder

from midspan import _trouble
from midspan._forks import after_in_child
from midspan.exporters.prometheus._threads import Socket, accepted, pause, start_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry

__all__ = ["Served", "check_free", "serve"]

# How long a client may take for all of its request and of our answer; Prometheus itself waits no longer.
_PATIENCE_S: Final = 10.0
_MAX_CLIENTS: Final = 16
_POLL_S: Final = 0.25
# How long the end of a process may be put off by who is being answered.
_LAST_S: Final = 0.5
_PATHS: Final = frozenset({"/", "/metrics"})

_listeners: Final[dict[tuple[str, int], _Listener]] = {}
_opening: threading.Lock = threading.Lock()


class Served:
    """A registry that is being served; of several at one address the latest is shown."""

    def __init__(self, listener: _Listener, registry: CollectorRegistry) -> None:
        self.port = listener.port
        self._listener = listener
        self._registry = registry

    @property
    def is_open(self) -> bool:
        """Whether there is a socket still: a forked child has none of its parent's."""
        return self._listener.socket.fileno() != -1

    def close(self) -> None:
        """Serve this registry no more; the last one to leave closes the port."""
        with _opening:
            registries = self._listener.registries
            is_last = registries == [self._registry]
            if is_last:
                for address in [key for key, listener in _listeners.items() if listener is self._listener]:
                    del _listeners[address]
        if is_last:
            self._listener.stop()
        # Not before: somebody may still be waiting for an answer.
        if self._registry in registries:
            registries.remove(self._registry)


def serve(host: str, port: int, registry: CollectorRegistry, *, shares_port: bool = False) -> Served:
    """Serve a registry at an address; the port 0 is any free one.

    With `shares_port`, other processes of this user may listen there, too: the system chooses who answers.

    Raises:
        OSError: The address cannot be listened at: another process has it, or it is none of this host's.
    """
    with _opening:
        # Who configures anew listens before the pipeline that goes has let go.
        listener = _listeners.get((host, port))
        if listener is None:
            listener = _Listener(host, port, shares_port=shares_port)
            _listeners[host, listener.port] = listener
            # Before anybody is answered.
            listener.registries.append(registry)
            listener.start()
        else:
            listener.registries.append(registry)
        return Served(listener, registry)


def check_free(host: str, port: int) -> None:
    """Raise OSError if anybody listens at an address, be it one that would share it."""
    _Listener(host, port).server_close()


class _Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A thread that accepts, and one for each of a few clients at once."""

    allow_reuse_address = True
    block_on_close = False
    timeout = _POLL_S
    request_queue_size = 2 * _MAX_CLIENTS

    def __init__(self, host: str, port: int, *, shares_port: bool = False) -> None:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        self.address_family = found[0][0]
        self.registries: list[CollectorRegistry] = []
        # When our patience with each client ends, and its connection once somebody answers.
        self._clients: dict[int, tuple[float, socket.socket | None]] = {}
        self._numbers = itertools.count()
        self._pid = os.getpid()
        self._shares_port = shares_port
        self._stopping = self._has_stopped = False
        super().__init__((str(found[0][4][0]), port), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = Socket(self.address_family, self.socket_type)
        try:
            self.server_bind()
            self.server_activate()
        except OSError:
            self.server_close()
            raise
        self.port: int = self.server_address[1]

    def server_bind(self) -> None:
        """Take the address, maybe not alone."""
        if self._shares_port:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()

    def start(self) -> None:
        """Accept from now on, in a thread that keeps no process alive."""
        start_thread(self._accept, ())

    def _accept(self) -> None:
        # Not `serve_forever`: who ends that waits without a limit.
        while not self._stopping:
            try:
                self.socket.settimeout(_POLL_S)
                self._take(*accepted(self.socket))
            except TimeoutError:
                pass
            except OSError:  # The socket is closed; or there is no descriptor left, which may pass.
                pause(_POLL_S)
            self.service_actions()
        self._has_stopped = True

    def stop(self) -> None:
        """Accept no more; a forked child has only its copy of the socket to close."""
        self._stopping = True
        if self._pid == os.getpid():
            _wait(lambda: self._has_stopped, 2 * _POLL_S)
            if self._shares_port:
                self._answer_the_last()
        self.server_close()

    def _answer_the_last(self) -> None:
        """Answer who was given to this process; another one, at the same port, would have answered them."""
        self.socket.setblocking(False)  # noqa: FBT003 - as the standard library has it
        with contextlib.suppress(OSError):  # there is nobody more
            while True:
                self._take(*accepted(self.socket))
        _wait(lambda: not self._clients, _LAST_S)

    def _take(self, descriptor: int, client_address: Any) -> None:  # noqa: ANN401 - as the system has it
        """Give a client a thread, or turn it away if there are too many."""
        if len(self._clients) >= _MAX_CLIENTS:
            _trouble.note("prometheus.flood", "more than %s clients at once ask for metrics", _MAX_CLIENTS)
            os.close(descriptor)
            return
        number = next(self._numbers)
        self._clients[number] = time.monotonic() + _PATIENCE_S, None
        start_thread(self._answer, (number, descriptor, client_address))

    def _answer(self, number: int, descriptor: int, client_address: Any) -> None:  # noqa: ANN401 - as above
        request = Socket(fileno=descriptor)
        self._clients[number] = self._clients[number][0], request
        try:
            self.process_request_thread(request, client_address)
        finally:
            del self._clients[number]

    def service_actions(self) -> None:
        """Hang up on whoever takes too long; called a few times a second."""
        now = time.monotonic()
        for until_s, request in tuple(self._clients.values()):
            if now > until_s and request is not None:
                _hang_up(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002 - as inherited
        """Count a client that broke off; it is no reason to write to standard error."""
        _trouble.note("prometheus.client", "a client that asked for metrics broke off")


def _wait(until: Callable[[], bool], timeout_s: float) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not until() and time.monotonic() < deadline_s:
        pause(_POLL_S / 50)


def _hang_up(request: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it has gone
        request.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """One client, one answer."""

    timeout = _PATIENCE_S
    server: _Listener

    def do_GET(self) -> None:
        """Answer with the metrics, in the format that the client prefers."""
        if self.path.partition("?")[0] not in _PATHS:
            self._answer(404, b"metrics are at /metrics\n", {"content-type": "text/plain"})
            return
        try:
            encode, content_type = _encoder(self.headers.get("accept"))
            body: bytes = encode(self.server.registries[-1])
        except Exception as error:  # noqa: BLE001 - a collector of the application's may raise anything
            _trouble.note("prometheus.scrape", "a scrape could not be answered", error=error)
            self._answer(500, b"the metrics cannot be collected\n", {"content-type": "text/plain"})
            return
        headers = {"content-type": content_type}
        ways = self.headers.get("accept-encoding", "").lower().split(",")
        if any(way.strip() == "gzip" for way in ways):
            body, headers["content-encoding"] = gzip.compress(body, 5), "gzip"
        self._answer(200, body, headers)

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers.items(), ("content-length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        """Tell nobody which version of Python this is."""
        return "midspan"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - as inherited
        """Log no request."""


def _encoder(accept: str | None) -> Any:  # noqa: ANN401 - a function from a registry to bytes, and a type
    try:
        return choose_encoder(accept or "")
    except Exception:  # noqa: BLE001 - the library does not expect a version such as "x.y"
        return choose_encoder("")


def _after_fork_in_child() -> None:
    """Close copies of the parent's sockets: nobody would ever answer there."""
    global _opening  # noqa: PLW0603 - a thread of the parent may have held it
    _opening = threading.Lock()
    for listener in _listeners.values():
        listener.server_close()
    _listeners.clear()


after_in_child(_after_fork_in_child)
