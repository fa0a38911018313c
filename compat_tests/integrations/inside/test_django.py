"""Django over WSGI and ASGI, driven by real servers and by its own test clients."""

from __future__ import annotations

import asyncio
import http.client
import threading
import urllib.error
import urllib.request
import wsgiref.simple_server
from contextlib import contextmanager, suppress
from pathlib import Path

import django
import pytest
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.exceptions import PermissionDenied
from django.core.handlers import exception
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import ResolverMatch, URLResolver, include, path, re_path

from midspan import propagation, trace
from midspan.integrations import django as integration
from midspan.integrations import wsgi
from midspan.trace import SpanKind, StatusCode

CALLER = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
SECRET = "hunter2"
TRACER = trace.get_tracer("shop")


class ShopError(Exception):
    """What nobody handles."""


def _user(_, number):
    with TRACER.start_as_current_span("load"):
        return HttpResponse(f"user {number}")


async def _async_user(_, number):
    await asyncio.sleep(0)
    with TRACER.start_as_current_span("load"):
        return HttpResponse(f"user {number}")


def _broken(_):
    raise ShopError("password=" + SECRET)


async def _async_broken(_):
    raise ShopError("password=" + SECRET)


def _missing(_):
    raise Http404


def _forbidden(_):
    raise PermissionDenied


def _stream(_):
    def parts():
        for number in range(3):
            with TRACER.start_as_current_span(f"part {number}"):
                yield str(number)

    return StreamingHttpResponse(parts())


def _cut(_):
    def parts():
        yield "begun"
        raise ShopError

    return StreamingHttpResponse(parts())


def _file(_):
    return FileResponse(Path(__file__).open("rb"))


def _by_middleware(get_response):
    def middleware(request):
        if request.path == "/middle/":
            raise ShopError
        with TRACER.start_as_current_span("middleware"):
            return get_response(request)

    return middleware


urlpatterns = [
    path("", _user, {"number": 0}),
    path("users/<int:number>/", _user),
    path("async/<int:number>/", _async_user),
    path("nested/", include([path("deep/<slug:number>/", _user)])),
    re_path(r"^old/(?P<number>\d+)/$", _user),
    path("broken/", _broken),
    path("async-broken/", _async_broken),
    path("missing/", _missing),
    path("forbidden/", _forbidden),
    path("stream/", _stream),
    path("cut/", _cut),
    path("file/", _file),
]

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="not a secret",
    LOGGING_CONFIG=None,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware", f"{__name__}._by_middleware"],
)
django.setup()


@pytest.fixture(autouse=True)
def _off():
    yield
    integration.uninstrument()


@pytest.fixture
def client(memory):
    """Return a test client that had served before Django was instrumented."""
    client = Client(raise_request_exception=False)
    client.get("/middle/")
    integration.instrument()
    return client


@pytest.fixture
def servers(spans):
    """Return a function that returns the servers' spans alone."""
    return lambda: [span for span in spans() if span.kind is SpanKind.SERVER]


class _Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def _wsgi_port():
    """Serve the application over WSGI, as one that was made before or after, for the time of a block."""
    make = wsgiref.simple_server.make_server
    with make("127.0.0.1", 0, get_wsgi_application(), handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join(10)


@pytest.fixture(params=["wsgi", "asgi"])
def get(request, memory, uvicorn_port):
    """Return a function that sends a request to a real server, waits for its end, and returns the answer."""
    integration.instrument()

    def got(target, headers=CALLER, method="GET"):
        serving = (
            _wsgi_port() if request.param == "wsgi" else uvicorn_port(get_asgi_application(), lifespan="off")
        )
        with serving as port:
            url = f"http://127.0.0.1:{port}{target}"
            asked = urllib.request.Request(url, headers=headers, method=method)
            try:
                with urllib.request.urlopen(asked, timeout=10) as response:
                    return response.status, response.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()

    return got


def test_a_request_is_a_server_span_named_by_its_route(get, spans):
    """Name, kind, attributes, parent and scope are as the semantic conventions have them."""
    assert (200, "user 7") == get("/users/7/?page=2&token=hunter2")
    server, _, load = spans()
    assert ("GET /users/<int:number>/", SpanKind.SERVER, "midspan.integrations.django") == (
        server.name,
        server.kind,
        server.scope.name,
    )
    expected = {
        "http.request.method": "GET",
        "url.scheme": "http",
        "url.path": "/users/7/",
        "url.query": "page=2&token=REDACTED",
        "http.route": "/users/<int:number>/",
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
    }
    assert expected == {key: server.attributes[key] for key in expected}
    assert (propagation.extract(CALLER).span.context, "load") == (server.parent, load.name)


def test_middleware_and_view_run_under_the_span(get, spans):
    """An asynchronous view, and one that is run in a thread, or in a loop of its own."""
    assert (200, "user 7") == get("/async/7/")
    server, middleware, load = spans()
    assert ("GET /async/<int:number>/", server.context, middleware.context) == (
        server.name,
        middleware.parent,
        load.parent,
    )


@pytest.mark.parametrize("target", ["/broken/", "/async-broken/", "/middle/"])
def test_an_exception_that_nobody_handles_is_recorded(get, servers, target):
    """Of a view or of a middleware: error, exception, and a message without secrets."""
    assert 500 == get(target)[0]
    (server,) = servers()
    assert (StatusCode.ERROR, 500) == (server.status.code, server.attributes["http.response.status_code"])
    assert server.attributes["error.type"].endswith("ShopError")
    assert ["exception"] == [event.name for event in server.events]
    assert SECRET not in str(server.events[0].attributes) + server.status.description


@pytest.mark.parametrize(("target", "status"), [("/missing/", 404), ("/forbidden/", 403)])
def test_an_exception_that_django_answers_is_no_failure(get, servers, target, status):
    """What becomes a 4xx is the client's fault."""
    assert status == get(target)[0]
    (server,) = servers()
    assert (f"GET {target}", StatusCode.UNSET, 0) == (server.name, server.status.code, len(server.events))


def test_a_streamed_body_belongs_to_the_request(get, spans):
    """What the body does while it is sent is under the request's span, which ends after it."""
    assert (200, "012") == get("/stream/")
    server, _, *parts = spans()
    assert ["part 0", "part 1", "part 2"] == [span.name for span in parts]
    assert {server.context} == {span.parent for span in parts}
    assert server.end_ns >= parts[-1].end_ns


def test_a_body_that_breaks_off_is_a_failure(get, servers):
    """The answer was 200, and yet the client did not get it."""
    with suppress(http.client.IncompleteRead):
        get("/cut/")
    (server,) = servers()
    assert (StatusCode.ERROR, 200) == (server.status.code, server.attributes["http.response.status_code"])


def test_what_waits_for_the_end_of_a_request_belongs_to_it(get, spans):
    """Django tells it when a response is closed, and applications listen."""

    def ended(**_):
        TRACER.start_span("ended").end()

    request_finished.connect(ended)
    try:
        assert (200, "user 7") == get("/users/7/")
    finally:
        request_finished.disconnect(ended)
    server, *_, last = spans()
    assert ("ended", server.context) == (last.name, last.parent)


def test_a_file_is_sent(get, servers):
    """By the server's own wrapper, if it has one."""
    assert (200, Path(__file__).read_text()) == get("/file/")
    assert ["GET /file/"] == [span.name for span in servers()]


def test_a_path_without_a_route_is_no_name_and_no_metric_attribute(get, servers, points):
    """What a client makes up is in the span alone."""
    get("/no/such/path/")
    get("/users/7/", method="BREW")
    assert ["GET", "HTTP /users/<int:number>/"] == [span.name for span in servers()]
    measured = points("http.server.request.duration")
    assert {"GET", "_OTHER"} == {attributes["http.request.method"] for attributes in measured}
    assert "/no/such/path" not in str(measured)


@pytest.mark.parametrize(
    ("target", "route"),
    [
        ("/", "/"),
        ("/nested/deep/x/", "/nested/deep/<slug:number>/"),
        ("/old/7/", r"/old/(?P<number>\d+)/$"),
    ],
)
def test_a_route_is_the_whole_one(client, servers, target, route):
    """Included ones have what they are included under; regular expressions stay what they are."""
    client.get(target)
    assert [(f"GET {route}", route)] == [(span.name, span.attributes["http.route"]) for span in servers()]


def test_the_test_client_is_recorded_too(client, spans, points):
    """No server is there: the span is that of making the response."""
    assert b"user 7" == client.get("/users/7/").content
    server, middleware, load = spans()
    assert ("GET /users/<int:number>/", 200, server.context, middleware.context) == (
        server.name,
        server.attributes["http.response.status_code"],
        middleware.parent,
        load.parent,
    )
    assert ["/users/<int:number>/"] == [
        attributes["http.route"] for attributes in points("http.server.request.duration")
    ]


def test_the_asynchronous_test_client_is_recorded_too(memory, spans):
    """In an event loop."""
    integration.instrument()

    async def played():
        return await AsyncClient().get("/async/7/")

    assert b"user 7" == asyncio.run(played()).content
    server, _, load = spans()
    assert ("GET /async/<int:number>/", "load") == (server.name, load.name)


def test_the_very_exception_reaches_the_test_client(memory, servers):
    """Which raises what the view raised; it is recorded once."""
    integration.instrument()
    with pytest.raises(ShopError):
        Client().get("/broken/")
    assert 1 == len(servers()[0].events)


def test_exceptions_can_be_propagated(memory, servers):
    """With DEBUG_PROPAGATE_EXCEPTIONS nobody answers, and the exception is recorded once."""
    integration.instrument()
    with override_settings(DEBUG_PROPAGATE_EXCEPTIONS=True), pytest.raises(ShopError):
        Client().get("/broken/")
    assert ["exception"] == [event.name for event in servers()[0].events]


def test_a_match_without_a_route_is_served(client, servers, monkeypatch):
    """A resolver of the application's own may not know its route."""
    match = ResolverMatch(_user, (), {"number": 1})
    monkeypatch.setattr(URLResolver, "resolve", lambda *_: match)
    assert b"user 1" == client.get("/users/7/").content
    assert ["GET"] == [span.name for span in servers()]


def test_a_request_that_was_made_by_hand_is_served(memory, servers):
    """What calls a view with a request of its own is nobody's server."""
    integration.instrument()
    assert b"user 7" == _user(RequestFactory().get("/users/7/"), 7).content
    assert [] == servers()


def test_django_inside_wsgi_adds_to_the_span_that_is_there(memory, servers):
    """One span a request, with the route that only Django knows."""
    integration.instrument()
    environ = RequestFactory().get("/users/7/").environ
    body = wsgi.instrument(get_wsgi_application())(environ, lambda *_: None)
    b"".join(body)
    body.close()
    assert [("GET /users/<int:number>/", "midspan.integrations.wsgi")] == [
        (span.name, span.scope.name) for span in servers()
    ]


@pytest.mark.parametrize(
    "legacy",
    ["opencensus.ext.django.middleware.OpencensusMiddleware", "django_opentracing.OpenTracingMiddleware"],
)
def test_an_application_with_a_legacy_middleware_is_left_to_it(client, servers, legacy):
    """The integration stands back: the test client's chain of middleware was built before."""
    with override_settings(MIDDLEWARE=[legacy]):
        assert b"user 7" == client.get("/users/7/").content
    assert [] == servers()


def test_uninstrument_restores_what_was_there(memory, spans):
    """The classes and the module have their own functions again."""

    def functions():
        return (
            WSGIHandler.__call__,
            ASGIHandler.__call__,
            BaseHandler.get_response,
            BaseHandler.get_response_async,
            BaseHandler.resolve_request,
            exception.handle_uncaught_exception,
        )

    before = functions()
    integration.instrument()
    integration.instrument(excluded_urls=["health"])
    integration.uninstrument()
    assert before == functions()


def test_hooks_headers_and_exclusions(memory, servers):
    """Options given to instrument() work; a hook that raises harms nothing."""
    seen = []

    def answered(span, environ, response):
        seen.append((environ["PATH_INFO"], response[0]))
        raise RuntimeError

    integration.instrument(
        excluded_urls=["/broken"],
        request_headers=["X-Tenant", "Authorization"],
        response_headers=["content-type"],
        request_hook=lambda span, environ: span.set_attribute("shop", "yes"),
        response_hook=answered,
        semconv="both",
    )
    with _wsgi_port() as port:
        headers = {"X-Tenant": "acme", "Authorization": "Basic hunter2"}
        url = f"http://127.0.0.1:{port}"
        urllib.request.urlopen(urllib.request.Request(url + "/users/7/", headers=headers), timeout=10).close()
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(url + "/broken/", timeout=10)
    (server,) = servers()
    attributes = server.attributes
    assert ("yes", ["acme"], ["REDACTED"]) == (
        attributes["shop"],
        list(attributes["http.request.header.x-tenant"]),
        list(attributes["http.request.header.authorization"]),
    )
    assert attributes["http.response.header.content-type"][0].startswith("text/html")
    assert ("GET", 200) == (attributes["http.method"], attributes["http.status_code"])
    assert [("/users/7/", "200 OK")] == seen
