"""Starlette, driven by its own test client and by uvicorn."""

from __future__ import annotations

import asyncio
import gc
import threading
import urllib.request
import warnings
import weakref
from contextlib import suppress
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Match, Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocketDisconnect

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

from midspan import propagation, trace
from midspan.integrations import asgi
from midspan.integrations import starlette as integration
from midspan.trace import SpanKind, StatusCode

CALLER = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
SECRET = "hunter2"
TRACER = trace.get_tracer("shop")


class ShopError(Exception):
    """What no handler of the application takes."""


async def _user(request):
    with TRACER.start_as_current_span("load"):
        return PlainTextResponse(f"user {request.path_params['number']}")


def _in_thread(_):
    with TRACER.start_as_current_span("in a thread"):
        return PlainTextResponse(threading.current_thread().name)


async def _broken(_):
    raise ShopError("password=" + SECRET)


async def _handled(_):
    raise HTTPException(418)


async def _stream(_):
    async def parts():
        for number in range(3):
            with TRACER.start_as_current_span(f"part {number}"):
                yield str(number)

    return StreamingResponse(parts())


async def _later(_):
    async def task():
        with TRACER.start_as_current_span("task"):
            await asyncio.sleep(0.01)

    return PlainTextResponse("now", background=BackgroundTask(task))


async def _socket(websocket):
    await websocket.accept()
    with TRACER.start_as_current_span("talk"):
        await websocket.send_text(await websocket.receive_text())
    await websocket.receive_text()


def make_app(middleware=()):
    """Return a small application."""
    inner = [Route("/items/{name}", _in_thread), Mount("/deep", routes=[Route("/end", _in_thread)])]
    return Starlette(
        routes=[
            Route("/users/{number:int}", _user, methods=["GET"]),
            Route("/thread", _in_thread),
            Route("/broken", _broken),
            Route("/handled", _handled),
            Route("/stream", _stream),
            Route("/later", _later),
            WebSocketRoute("/rooms/{name}", _socket),
            Mount("/{tenant}/api", app=Router(inner)),
            Mount("/sub", app=Starlette(routes=[Route("/leaf/{x}", _in_thread)])),
            Mount("/static", app=StaticFiles(directory=Path(__file__).parent)),
        ],
        middleware=list(middleware),
    )


def client_of(app):
    """Return a client that gets a 500 for what the application raises, as one over the network does."""
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture(autouse=True)
def _off():
    yield
    integration.uninstrument()


@pytest.fixture
def client(memory):
    """Return a client of an application that was made before Starlette was instrumented, and has served."""
    client = client_of(make_app())
    client.get("/handled")
    integration.instrument()
    return client


@pytest.fixture
def servers(spans):
    """Return a function that returns the servers' spans alone."""
    return lambda: [span for span in spans() if span.kind is SpanKind.SERVER]


def test_a_request_is_a_server_span_named_by_its_route(client, spans):
    """Name, kind, attributes and scope are as the semantic conventions have them."""
    assert "user 7" == client.get("/users/7?page=2&token=hunter2", headers={"User-Agent": "me"}).text
    server, load = spans()
    assert ("GET /users/{number:int}", SpanKind.SERVER, "midspan.integrations.starlette") == (
        server.name,
        server.kind,
        server.scope.name,
    )
    expected = {
        "http.request.method": "GET",
        "url.scheme": "http",
        "url.path": "/users/7",
        "url.query": "page=2&token=REDACTED",
        "http.route": "/users/{number:int}",
        "http.response.status_code": 200,
        "server.address": "testserver",
        "user_agent.original": "me",
    }
    assert expected == {key: server.attributes[key] for key in expected}
    assert server.context == load.parent


def test_the_trace_of_the_caller_goes_on(client, servers):
    """The span is a child of the one that the headers name."""
    client.get("/users/7", headers=CALLER)
    assert propagation.extract(CALLER).span.context == servers()[0].parent


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/acme/api/items/spoon", "/{tenant}/api/items/{name}"),
        ("/acme/api/deep/end", "/{tenant}/api/deep/end"),
        ("/sub/leaf/1", "/sub/leaf/{x}"),
        ("/static/pytest.ini", "/static/{path:path}"),
    ],
)
def test_a_route_has_what_it_is_mounted_under(client, servers, path, route):
    """Routers in routers, applications in applications, and what has no routes at all."""
    assert 200 == client.get(path).status_code
    (server,) = servers()
    assert (f"GET {route}", route, path) == (
        server.name,
        server.attributes["http.route"],
        server.attributes["url.path"],
    )


def test_routes_of_the_applications_own_kind_are_served(memory, servers):
    """A route need not have a path."""

    class Everything(Route):
        def __init__(self):
            pass

        def matches(self, _):
            return Match.FULL, {}

        async def handle(self, scope, receive, send):
            self.methods, self.app = None, PlainTextResponse("ok")
            await super().handle(scope, receive, send)

    integration.instrument()
    assert "ok" == client_of(Starlette(routes=[Everything()])).get("/anything").text
    assert ["GET"] == [span.name for span in servers()]


def test_a_method_that_the_route_does_not_take_still_has_the_route(client, servers):
    """405 is the route's answer."""
    assert 405 == client.post("/users/7").status_code
    assert "POST /users/{number:int}" == servers()[0].name


def test_a_synchronous_endpoint_runs_under_the_span(client, spans):
    """It runs in another thread, and the span is current there."""
    name = client.get("/thread").text
    server, inside = spans()
    assert (True, server.context) == (name != threading.current_thread().name, inside.parent)


def test_an_exception_that_nobody_handles_is_recorded(client, spans):
    """The status is an error, the exception an event, and its message without secrets."""
    assert 500 == client.get("/broken").status_code
    (server,) = spans()
    assert (StatusCode.ERROR, 500) == (server.status.code, server.attributes["http.response.status_code"])
    assert server.attributes["error.type"].endswith("ShopError")
    assert ["exception"] == [event.name for event in server.events]
    assert SECRET not in str(server.events[0].attributes) + server.status.description


def test_the_very_exception_reaches_the_server(memory, servers):
    """Starlette raises it after its answer, for the server to log."""
    integration.instrument()
    with pytest.raises(ShopError):
        TestClient(make_app()).get("/broken")
    assert 1 == len(servers()[0].events)


def test_an_exception_that_is_handled_is_no_failure(client, servers):
    """What the application answers with 418 is a client's fault, no error of the server."""
    assert 418 == client.get("/handled").status_code
    (server,) = servers()
    assert (StatusCode.UNSET, 0) == (server.status.code, len(server.events))


def test_a_streamed_body_belongs_to_the_request(client, spans):
    """What the body does while it is sent is under the request's span, which ends after it."""
    assert "012" == client.get("/stream").text
    server, *parts = spans()
    assert ["part 0", "part 1", "part 2"] == [span.name for span in parts]
    assert {server.context} == {span.parent for span in parts}
    assert server.end_ns >= parts[-1].end_ns


def test_a_background_task_is_under_the_span_and_not_in_its_duration(client, spans):
    """The response was out before."""
    assert "now" == client.get("/later").text
    server, task = spans()
    assert (server.context, True) == (task.parent, server.end_ns < task.end_ns)


def test_a_websocket_is_one_span(client, spans):
    """Named by its route; that the client says goodbye is no failure."""
    with suppress(WebSocketDisconnect), client.websocket_connect("/rooms/tea") as websocket:
        websocket.send_text("hi")
        assert "hi" == websocket.receive_text()
    server, talk = spans()
    assert ("GET /rooms/{name}", 101, StatusCode.UNSET, "ws") == (
        server.name,
        server.attributes["http.response.status_code"],
        server.status.code,
        server.attributes["url.scheme"],
    )
    assert server.context == talk.parent


def test_a_path_without_a_route_is_no_name_and_no_metric_attribute(client, servers, points):
    """What a client makes up is in the span alone."""
    client.get("/no/such/path")
    client.request("BREW", "/users/7")
    assert ["GET", "HTTP /users/{number:int}"] == [span.name for span in servers()]
    measured = points("http.server.request.duration")
    assert {"GET", "_OTHER"} == {attributes["http.request.method"] for attributes in measured}
    assert "/no/such/path" not in str(measured)


def test_requests_are_measured(client, points):
    """The duration has route and status, as in every other integration of a server."""
    client.get("/users/7")
    expected = {
        "http.request.method": "GET",
        "url.scheme": "http",
        "http.route": "/users/{number:int}",
        "http.response.status_code": 200,
    }
    (measured,) = points("http.server.request.duration")
    assert expected == {key: measured[key] for key in expected}


def test_middleware_runs_under_the_span(memory, spans):
    """Also such as hands the request on to another task."""

    class Counting(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            with TRACER.start_as_current_span("middleware"):
                return await call_next(request)

    integration.instrument()
    client_of(make_app([Middleware(Counting)])).get("/users/7")
    server, middleware, load = spans()
    assert ("GET /users/{number:int}", server.context, middleware.context) == (
        server.name,
        middleware.parent,
        load.parent,
    )


def test_starlette_inside_asgi_adds_to_the_span_that_is_there(memory, servers):
    """One span a request, with the route that only Starlette knows."""
    integration.instrument()
    client_of(asgi.instrument(make_app())).get("/users/7")
    assert [("GET /users/{number:int}", "midspan.integrations.asgi")] == [
        (span.name, span.scope.name) for span in servers()
    ]


def test_one_application_can_be_instrumented_alone(memory, servers):
    """Its requests are recorded, another one's are not; uninstrumented, neither are."""
    app, other = make_app(), make_app()
    integration.uninstrument(other)
    integration.instrument(app)
    client_of(app).get("/users/1")
    client_of(other).get("/users/2")
    integration.uninstrument(app)
    client_of(app).get("/users/3")
    assert [("GET /users/{number:int}", "/users/1")] == [
        (span.name, span.attributes["url.path"]) for span in servers()
    ]


def test_what_was_said_of_one_application_goes_before_what_was_said_of_all(memory, servers):
    """In whichever order it was said."""
    app = make_app()
    integration.instrument(app, excluded_urls="/users")
    integration.instrument()
    client_of(app).get("/users/1")
    client_of(app).get("/thread")
    integration.uninstrument(app)
    client_of(app).get("/users/2")
    assert ["/thread", "/users/2"] == [span.attributes["url.path"] for span in servers()]


def test_an_application_that_is_instrumented_is_not_kept_alive(memory):
    """Nor is what belongs to it."""
    app = make_app()
    integration.instrument(app)
    client_of(app).get("/users/1")
    gone = weakref.ref(app)
    del app
    gc.collect()
    assert gone() is None


def test_uninstrument_restores_what_was_there(memory):
    """The classes have their own functions again."""

    def functions():
        return Starlette.__call__, Route.handle, WebSocketRoute.handle, Mount.handle

    before, app = functions(), make_app()
    integration.instrument()
    integration.instrument(app)
    integration.instrument(excluded_urls=["health"])
    integration.uninstrument()
    assert before != functions()
    integration.uninstrument(app)
    assert before == functions()


def test_hooks_headers_and_exclusions(memory, servers):
    """Options given to instrument() work; a hook that raises harms nothing."""
    seen = []

    def answered(span, scope, message):
        seen.append((scope["path"], message["status"]))
        raise RuntimeError

    integration.instrument(
        excluded_urls=["/thread"],
        request_headers=["X-Tenant", "Authorization"],
        response_headers=["content-type"],
        request_hook=lambda span, scope: span.set_attribute("shop", "yes"),
        response_hook=answered,
        semconv="both",
    )
    client = client_of(make_app())
    client.get("/users/7", headers={"X-Tenant": "acme", "Authorization": "Basic hunter2"})
    client.get("/thread")
    (server,) = servers()
    attributes = server.attributes
    assert ("yes", ["acme"], ["REDACTED"]) == (
        attributes["shop"],
        list(attributes["http.request.header.x-tenant"]),
        list(attributes["http.request.header.authorization"]),
    )
    assert attributes["http.response.header.content-type"][0].startswith("text/plain")
    assert ("GET", 200) == (attributes["http.method"], attributes["http.status_code"])
    assert [("/users/7", 200)] == seen


def test_an_application_beside_a_legacy_middleware_is_left_to_it(memory, servers):
    """The integration stands back, for the applications that are mounted in this one as well."""

    class StarletteTracingMiddleWare:
        """As starlette-opentracing names it, which does not install beside the oldest Starlette."""

        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            await self.app(scope, receive, send)

    StarletteTracingMiddleWare.__module__ = "starlette_opentracing.middleware"
    integration.instrument()
    client = client_of(make_app([Middleware(StarletteTracingMiddleWare)]))
    assert 200 == client.get("/users/7").status_code
    assert 200 == client.get("/sub/leaf/1").status_code
    assert [] == servers()


def test_a_real_server_serves_an_instrumented_application(memory, servers, uvicorn_port):
    """uvicorn asks an application what it is; the peer's address is the one of the connection."""
    integration.instrument()
    with uvicorn_port(make_app(), lifespan="on") as port:
        assert b"user 7" == urllib.request.urlopen(f"http://127.0.0.1:{port}/users/7", timeout=10).read()
    (span,) = servers()
    assert ("GET /users/{number:int}", port, "127.0.0.1", "1.1") == (
        span.name,
        span.attributes["server.port"],
        span.attributes["network.peer.address"],
        span.attributes["network.protocol.version"],
    )
