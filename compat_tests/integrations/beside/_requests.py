"""A client with opencensus-ext-requests; requests and what it is made of are instrumented as well."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import _asked
import requests
from opencensus.trace import config_integration

from midspan.bridges import opencensus as bridge
from midspan.integrations import requests as integration
from midspan.integrations import urllib3
from midspan.trace import SpanKind


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        """Answer."""
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        """Stay quiet."""


def ask(page):
    """Ask a server twice, in a block, and tell who recorded the requests."""
    _asked.begin()
    bridge.install()
    config_integration.trace_integrations(["requests"])
    integration.instrument()
    urllib3.instrument()
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        with page():
            for _ in range(2):
                requests.get(f"http://127.0.0.1:{server.server_port}/hello", timeout=10)
        server.shutdown()
    _asked.tell(SpanKind.CLIENT)
