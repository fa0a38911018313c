"""A service as the W3C's validation harness wants it: `python -m compat_tests.w3c.service http.server|wsgi`.

It takes a JSON list of calls, `{"url": ..., "arguments": [...]}`, and makes them, each a POST with its
arguments as the body; it prints its port when it is ready. Nothing in it knows of trace context but the
three lines that any service has: extract, start a span, inject.
"""

from __future__ import annotations

import http.client
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

from midspan import context, propagation, sdk, trace

tracer = trace.get_tracer("compat_tests.w3c")


def handle(carrier: Any, body: bytes) -> None:
    """Make the calls that a request asks for, as a part of the request's trace."""
    with (
        context.attached(propagation.extract(carrier, context.EMPTY)),
        tracer.start_as_current_span("handle", kind=trace.SpanKind.SERVER),
    ):
        for each in json.loads(body or b"[]"):
            call(each["url"], each["arguments"])


def call(url: str, arguments: list[Any]) -> None:
    """Make one call, with a span of its own."""
    target = urlsplit(url)
    headers = {"content-type": "application/json"}
    with tracer.start_as_current_span("call", kind=trace.SpanKind.CLIENT):
        propagation.inject(headers)
        connection = http.client.HTTPConnection(target.netloc, timeout=5)
        connection.request("POST", target.path, json.dumps(arguments), headers)
        connection.getresponse().read()
        connection.close()


class Handler(BaseHTTPRequestHandler):
    """Requests as http.server gives them: headers in a message, in the order and spelling of the client."""

    def do_POST(self) -> None:
        """Handle a request."""
        handle(self.headers, self.rfile.read(int(self.headers.get("content-length", 0))))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Requests as a WSGI gateway gives them: headers in capitals, those of one name joined."""
    handle(environ, environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    start_response("200 OK", [("content-length", "0")])
    return []


class Quiet(WSGIRequestHandler):
    """A gateway without a log."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main(kind: str) -> None:
    """Serve until the process is ended."""
    sdk.configure(service_name="w3c", exporters=[])
    server: Any
    if kind == "wsgi":
        server = make_server("127.0.0.1", 0, application, handler_class=Quiet)
    else:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
