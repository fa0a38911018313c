"""The edges of HTTP, for the same application in every web framework, over sockets to real servers."""

from __future__ import annotations

import importlib
import re
import socket
import time
import urllib.error
import urllib.request
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from _web_apps import APPS, ROUTES, Shop, serving

from midspan import trace
from midspan.integrations import flask, starlette
from midspan.trace import SpanKind, StatusCode

CALLER = b"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
# Method, target, more headers; which route serves it; and whether the caller's trace goes on.
REQUESTS = [
    ("GET", b"/users/7", [], "users", False),
    ("GET", b"/users/7?q=%ff&token=hunter2", [CALLER], "users", True),
    ("GET", b"/users/7", [CALLER, CALLER], "users", False),
    ("GET", b"/users/7", [b"traceparent: broken", b"baggage: " + b"k=v," * 3000], "users", False),
    ("GET", b"/users/7", [CALLER, b"tracestate: \xff=\xff"], "users", True),
    ("GET", b"/users/7", [b"User-Agent: \xff", b"Host: [::1"], "users", False),
    ("HEAD", b"/users/7", [], "users", False),
    ("OPTIONS", b"/users/7", [], "users", False),
    ("BREW", b"/any/pot", [], "any", False),
    ("GET", b"/any/" + b"x" * 8000, [], "any", False),
    ("GET", b"/any/%ff%fe%2F", [b"X-Odd: \xff\xfe"], "any", False),
    ("GET", b"/outer/inner/7", [], "deep", False),
    ("OPTIONS", b"*", [], None, False),
    ("GET", b"/no/such/path", [], None, False),
    ("GET", b"/any", [], None, False),
]
FAILURES = [("/broken", StatusCode.ERROR), ("/stream/cut", StatusCode.ERROR), ("/handled", StatusCode.UNSET)]


class Web:
    """An application that is being served, and its integration, which is off at first."""

    def __init__(self, name, port):
        framework, self.is_wsgi, _ = APPS[name]
        self.name = name
        self.port = port
        self.routes = ROUTES[framework]
        self.integration = importlib.import_module(f"midspan.integrations.{framework}")

    def ask(self, method, target, headers=(), most=None):
        """Send a request; return the answer's bytes without its date, at the most `most` of them."""
        lines = [method.encode() + b" " + target + b" HTTP/1.1", *headers, b"Connection: close"]
        if not any(line.startswith(b"Host:") for line in headers):
            lines.append(b"Host: shop")
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            connection.sendall(b"\r\n".join([*lines, b"", b""]))
            answer = b""
            while part := connection.recv(65536):
                answer += part
                if most is not None and len(answer) >= most:
                    break
        return re.sub(rb"(?i)\r\ndate: [^\r]*", b"", answer)


@pytest.fixture(scope="module", params=APPS)
def running(request):
    """Serve one application after the other."""
    _, is_wsgi, make = APPS[request.param]
    suppressed = []
    with serving(_quiet_for(make(), suppressed, is_wsgi), is_wsgi=is_wsgi) as port:
        web = Web(request.param, port)
        web.suppressed = suppressed
        yield web


def _quiet_for(app, suppressed, is_wsgi):
    """Return an application in which tracing is suppressed as long as the list is not empty."""

    def over_wsgi(environ, start_response):
        if not suppressed:
            return app(environ, start_response)
        with trace.suppressed():
            return app(environ, start_response)

    async def over_asgi(scope, receive, send):
        if not suppressed:
            await app(scope, receive, send)
            return
        with trace.suppressed():
            await app(scope, receive, send)

    return over_wsgi if is_wsgi else over_asgi


@pytest.fixture
def web(running, memory):
    """Return the application that is served, with the integration off."""
    yield running
    running.integration.uninstrument()
    running.suppressed.clear()


@pytest.fixture
def servers(spans):
    """Return a function that waits for so many spans of the server, and returns them."""

    def found(count):
        deadline = time.monotonic() + 5
        while True:
            of_server = [span for span in spans() if span.kind is SpanKind.SERVER]
            if len(of_server) >= count or time.monotonic() > deadline:
                return of_server
            time.sleep(0.002)

    return found


@pytest.mark.parametrize(("method", "target", "headers", "route", "goes_on"), REQUESTS)
def test_each_request_is_answered_as_before_and_is_one_span(  # noqa: PLR0913 - the columns of a table
    web, servers, method, target, headers, route, goes_on
):
    """Named by the route, if one serves it; the client sees no difference."""
    before = web.ask(method, target, headers)
    web.integration.instrument()
    assert before == web.ask(method, target, headers)
    (server,) = servers(1)
    # What takes no such method may say so before it is known who would have served it.
    refused = b" 405 " in before[:20] and "http.route" not in server.attributes
    expected = None if route is None or refused else web.routes[route]
    assert (expected, goes_on) == (server.attributes.get("http.route"), server.parent is not None)
    known = "HTTP" if method == "BREW" else method
    assert server.name == (known if expected is None else f"{known} {expected}")
    assert (int(before[9:12]), StatusCode.UNSET) == (
        server.attributes["http.response.status_code"],
        server.status.code,
    )
    assert "hunter2" not in str(server.attributes)


@pytest.mark.parametrize(("target", "status"), FAILURES)
def test_a_failure_looks_the_same_to_the_client(web, servers, target, status):
    """In the span is what was raised, once, with the frames of the application in the place that they had."""
    before = web.ask("GET", target.encode())
    web.integration.instrument()
    assert before == web.ask("GET", target.encode())
    (server,) = servers(1)
    raised = [event.attributes for event in server.events]
    assert (status, 1 if status is StatusCode.ERROR else 0) == (server.status.code, len(raised))
    for attributes in raised:
        assert attributes["exception.type"].endswith(Shop.__name__)
        assert "_web_apps.py" in attributes["exception.stacktrace"].rpartition('File "')[2]


def test_requests_side_by_side_do_not_mix(web, spans, servers):
    """A hundred at once: each is in its caller's trace, and what it does is under its own span."""
    web.integration.instrument()

    def ask(number):
        headers = {"traceparent": f"00-{number:032x}-{number:016x}-01"}
        url = f"http://127.0.0.1:{web.port}/users/{number}"
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as response:
            return response.read().decode()

    numbers = range(1, 101)
    with ThreadPoolExecutor(20) as pool:
        assert [f"user {number}" for number in numbers] == list(pool.map(ask, numbers))
    found = {span.context.span_id: span for span in servers(100)}
    inside = [span for span in spans() if span.kind is SpanKind.INTERNAL]
    assert (100, 100) == (len(found), len(inside))
    for span in inside:
        assert span.name == f"user {span.context.trace_id}"
        assert found[span.parent.span_id].attributes["url.path"] == f"/users/{span.context.trace_id}"


def test_a_client_that_leaves_in_the_middle_is_no_failure(web, servers):
    """The span ends, and the server is not to blame."""
    if web.name == "django over asgi":
        import django

        if django.VERSION < (4, 2):
            # It has no asynchronous streams, and asks nobody whether the client is there still.
            return
    web.integration.instrument()
    web.ask("GET", b"/stream/endless", most=1)
    (server,) = servers(1)
    assert (200, StatusCode.UNSET) == (
        server.attributes["http.response.status_code"],
        server.status.code,
    )


def test_nothing_is_recorded_where_tracing_is_suppressed(web, servers, points):
    """Neither a span nor a measurement, by whatever server; and then again everything."""
    web.integration.instrument()
    web.suppressed.append(True)
    assert b" 200 " in web.ask("GET", b"/users/7")[:20]
    assert b" 404 " in web.ask("GET", b"/no/such/path")[:20]
    web.suppressed.clear()
    assert b" 200 " in web.ask("GET", b"/users/8")[:20]
    assert ["/users/8"] == [span.attributes["url.path"] for span in servers(1)]
    measured = points("http.server.request.duration") + points("http.server.active_requests")
    assert {web.routes["users"], None} == {attributes.get("http.route") for attributes in measured}
    assert {200, None} == {attributes.get("http.response.status_code") for attributes in measured}


def _adapter_of(name):
    if name == "asgiref":
        from asgiref.wsgi import WsgiToAsgi

        return WsgiToAsgi
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from starlette.middleware.wsgi import WSGIMiddleware

    return WSGIMiddleware


@pytest.mark.parametrize("adapter", ["asgiref", "starlette"])
def test_a_flask_inside_a_starlette_is_one_span(memory, spans, servers, adapter):
    """Its request is told anew, in another thread; its route is what it is mounted under, and its own."""
    from starlette.applications import Starlette
    from starlette.routing import Mount

    app = Starlette(routes=[Mount("/{tenant}/old", app=_adapter_of(adapter)(APPS["flask"][2]()))])
    for integration in (flask, starlette):
        integration.instrument()
    try:
        with serving(app, is_wsgi=False) as port:
            for target, status in (("users/7?a=%20&b", 200), ("broken", 500), ("no/such/path", 404)):
                asked = urllib.request.Request(f"http://127.0.0.1:{port}/acme/old/{target}")
                with suppress(urllib.error.HTTPError), urllib.request.urlopen(asked, timeout=10) as response:
                    assert status == response.status
    finally:
        flask.uninstrument()
        starlette.uninstrument()
    served, broken, missing = servers(3)
    assert [
        "GET /{tenant}/old/users/<int:number>",
        "GET /{tenant}/old/broken",
        "GET /{tenant}/old/{path:path}",
    ] == [span.name for span in (served, broken, missing)]
    assert [served.context] == [span.parent for span in spans() if span.name == "user 7"]
    assert ["exception"] == [event.name for event in broken.events]
