"""Ask an application that has a legacy instrumentation for one page, and tell who recorded the request."""

from __future__ import annotations

import asyncio
import json
import logging
from wsgiref.util import setup_testing_defaults

from midspan import sdk
from midspan.testing import MemoryExporter
from midspan.trace import SpanKind

MEMORY = MemoryExporter()
LOG = []


class _Listener(logging.Handler):
    def emit(self, record):
        """Keep what was said."""
        LOG.append(record.getMessage())


def begin():
    """Configure a pipeline, and listen to what midspan says."""
    logging.getLogger("midspan").setLevel(logging.INFO)
    logging.getLogger("midspan").addHandler(_Listener())
    sdk.configure(service_name="shop", exporters=[MEMORY])


def ask_wsgi(app):
    """Ask a WSGI application for /hello, twice."""
    for _ in range(2):
        environ = {"PATH_INFO": "/hello", "SCRIPT_NAME": ""}
        setup_testing_defaults(environ)
        body = app(environ, lambda *_: None)
        b"".join(body)
        body.close()


def ask_asgi(app):
    """Ask an ASGI application for /hello, twice."""
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
        "headers": [(b"host", b"shop")],
        "client": ("127.0.0.1", 5),
        "server": ("shop", 80),
    }

    async def asked():
        messages = [{"type": "http.request", "body": b""}]

        async def receive():
            return messages.pop() if messages else await asyncio.Event().wait()

        async def send(_):
            pass

        await app(dict(scope), receive, send)

    for _ in range(2):
        asyncio.run(asked())


def tell(*kinds):
    """Print what recorded each span of these kinds (default: each request), and what was said about it."""
    sdk.get_pipeline().force_flush(timeout_s=5)
    scopes = [span.scope.name for span in MEMORY.spans if span.kind in (kinds or (SpanKind.SERVER,))]
    print(json.dumps({"scopes": scopes, "said": [line for line in LOG if "stands back" in line]}))
