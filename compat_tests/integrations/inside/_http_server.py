"""A real server on loopback that answers by the path and keeps the headers of each request."""

from __future__ import annotations

import contextlib
import http.server
import threading

__all__ = ["SEEN", "served"]

# The headers of each request, in their order.
SEEN: list[dict[str, str]] = []


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        """Serve /status/N; /redirect leads to /status/200, /drop hangs up the first time it is asked."""
        SEEN.append(dict(self.headers.items()))
        kind, _, rest = self.path[1:].partition("?")[0].partition("/")
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


@contextlib.contextmanager
def served():
    """Serve on a free port, and give the URL."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
