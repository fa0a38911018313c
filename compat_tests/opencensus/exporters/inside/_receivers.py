"""Servers on loopback that keep what they are sent."""

from __future__ import annotations

import http.server
import socket
import threading


class HTTPReceiver:
    """Answers every request with `answer`, and keeps the bodies with their paths."""

    def __init__(self, status=200, answer=b"{}"):
        self.bodies = []
        self.paths = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.bodies.append(body)
                receiver.paths.append(self.path)
                self.send_response(status)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args):
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def port(self):
        return self._server.server_port

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc_info):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class UDPReceiver:
    """Keeps datagrams."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.5)
        self.port = self._socket.getsockname()[1]

    def __enter__(self):
        return self

    def received(self):
        """Return all datagrams that wait."""
        found = []
        while True:
            try:
                found.append(self._socket.recv(65_536))
            except TimeoutError:
                return found

    def __exit__(self, *exc_info):
        self._socket.close()


def free_port():
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
