"""What the applications share: who asks, who answers, and how what was recorded is written down."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from wsgiref.util import setup_testing_defaults

from midspan import context, propagation, trace

NOTES = []


def note(label, value):
    """Write down something else that is to be told."""
    NOTES.append([label, value])


def tree(spans):
    """Return the spans as lines, each below its parent, with its kind and who made it."""
    ids = {span.context.span_id for span in spans}
    below = {}
    for span in sorted(spans, key=lambda span: span.start_ns):
        parent = span.parent.span_id if span.parent is not None else None
        below.setdefault(parent if parent in ids else None, []).append(span)

    def lines(parent, depth):
        for span in below.get(parent, ()):
            lost = " (its parent is not there)" if parent is None and span.parent is not None else ""
            kind = "" if span.kind.name == "INTERNAL" else f" {span.kind.name.lower()}"
            # OpenCensus's extension has the ids of sessions in it.
            name = re.sub(r"\[\{.*?\}\]", "(sessions)", span.name)
            yield f"{'  ' * depth}{name}{kind} | {span.scope.name.rpartition('.')[2]}{lost}"
            yield from lines(span.context.span_id, depth + 1)

    return "\n".join(lines(None, 0))


def _headers():
    """Return the headers that the current span sends."""
    headers = {}
    propagation.inject(headers)
    return headers


def ask_wsgi(app, path="/hello"):
    """Ask a WSGI application for a page, as a server in another process has the request."""
    environ = {"PATH_INFO": path, "SCRIPT_NAME": "", "REMOTE_ADDR": "127.0.0.1"}
    environ.update({f"HTTP_{name.upper()}": value for name, value in _headers().items()})
    setup_testing_defaults(environ)
    with context.attached(context.EMPTY):
        body = app(environ, lambda *_: None)
        b"".join(body)
        if hasattr(body, "close"):
            body.close()


def ask_asgi(app):
    """Ask an ASGI application for /hello, as a server in another process has the request."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/hello",
        "raw_path": b"/hello",
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", b"shop"),
            *((name.encode(), value.encode()) for name, value in _headers().items()),
        ],
        "client": ("127.0.0.1", 5),
        "server": ("shop", 80),
    }

    async def asked():
        messages = [{"type": "http.request", "body": b""}]

        async def receive():
            return messages.pop() if messages else await asyncio.Event().wait()

        async def send(_):
            pass

        await app(scope, receive, send)

    with context.attached(context.EMPTY):
        asyncio.run(asked())


@contextlib.contextmanager
def answering():
    """Serve whatever is asked for, on a port of loopback; yield the URL.

    For each request there is a span of another process's, made from its headers: so it is seen whether
    those lead to the span of the request.
    """
    tracer = trace.get_tracer("far side")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            """Answer."""
            asked = propagation.extract(dict(self.headers.items()))
            with context.attached(asked), tracer.start_as_current_span("answer"):
                self.send_response(204)
                self.end_headers()

        def do_POST(self):
            """Take what an exporter sends."""
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_):
            """Stay quiet."""

    # `HTTPServer` would ask for the name of the host, which takes a second.
    with TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        with context.attached(context.EMPTY):
            thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/hello"
        finally:
            server.shutdown()
            thread.join()
