"""A real server on loopback that answers by the path and keeps the headers of each request."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
import time

__all__ = ["LINES", "SEEN", "served"]

# The headers of each request, in their order; and its line and headers, as they were sent.
SEEN: list[dict[str, str]] = []
LINES: list[list[str]] = []


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        """Serve /status/N; /redirect leads to /status/200, /drop hangs up the first time, /slow is slow."""
        SEEN.append(dict(self.headers.items()))
        LINES.append([self.requestline, *(f"{name}: {value}" for name, value in self.headers.items())])
        # A proxy is sent the whole URL.
        path = self.path if self.path.startswith("/") else "/" + self.path.split("/", 3)[3]
        kind, _, rest = path[1:].partition("?")[0].partition("/")
        if kind == "slow":
            time.sleep(0.3)
        if kind == "drop" and len(SEEN) == 1:
            self.close_connection = True
            return
        self.send_response(302 if kind == "redirect" else int(rest or 200))
        if kind == "redirect":
            self.send_header("Location", "/status/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        """Stay silent."""


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Say nothing of clients that left."""


class _Server6(_Server):
    address_family = socket.AF_INET6


@contextlib.contextmanager
def served(host="127.0.0.1"):
    """Serve on a free port, and give the URL."""
    server = (_Server6 if ":" in host else _Server)((host, 0), _Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://[{host}]:{server.server_port}" if ":" in host else f"http://{host}:{server.server_port}"
    server.shutdown()
    server.server_close()
