"""FastAPI, driven by its own test client and by uvicorn."""

from __future__ import annotations

import threading
import urllib.request
import warnings
from contextlib import suppress

import fastapi
import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Response, WebSocket
from fastapi.responses import StreamingResponse
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.websockets import WebSocketDisconnect

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

from midspan import propagation, trace
from midspan.integrations import asgi
from midspan.integrations import fastapi as integration
from midspan.integrations import starlette as starlette_integration
from midspan.trace import SpanKind, StatusCode

CALLER = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
SECRET = "hunter2"
TRACER = trace.get_tracer("shop")


class ShopError(Exception):
    """What no handler of the application takes."""


def _forbid():
    raise HTTPException(403)


def _breaks():
    raise ShopError("password=" + SECRET)


def _named(name):
    """Return an endpoint that makes a span, as a program of the user's does."""

    def endpoint():
        with TRACER.start_as_current_span(name):
            return threading.current_thread().name

    return endpoint


def _app_with_routers():
    """Return an application whose routers are included and mounted in one another."""
    app, outer, inner, sub = FastAPI(), APIRouter(prefix="/outer"), APIRouter(), FastAPI()
    inner.add_api_route("/items/{item}", lambda item: item)
    outer.include_router(inner, prefix="/inner")
    outer.add_api_route("/own/{x}", lambda x: x)
    app.include_router(outer, prefix="/v1")
    sub.add_api_route("/leaf/{x}", lambda x: x)
    sub.include_router(inner, prefix="/more")
    app.mount("/sub", sub)
    return app


def make_app():
    """Return a small application."""
    app = _app_with_routers()

    @app.get("/users/{number}")
    async def user(number: int):
        with TRACER.start_as_current_span("load"):
            return {"user": number}

    @app.get("/later")
    async def later(tasks: BackgroundTasks):
        tasks.add_task(_named("task"))
        return "now"

    @app.websocket("/rooms/{name}")
    async def socket(websocket: WebSocket, name: str):
        await websocket.accept()
        await websocket.send_text(name)
        await websocket.receive_text()

    @app.get("/stream")
    def stream():
        def parts():
            for number in range(3):
                with TRACER.start_as_current_span(f"part {number}"):
                    yield str(number)

        return StreamingResponse(parts())

    app.add_api_route("/thread", _named("in a thread"), dependencies=[Depends(_named("dependency"))])
    app.add_api_route("/forbidden", lambda: 0, dependencies=[Depends(_forbid)])
    app.add_api_route("/broken", lambda: 0, dependencies=[Depends(_breaks)])
    app.add_api_route("/teapot", lambda: Response(status_code=418))
    return app


def client_of(app):
    """Return a client that gets a 500 for what the application raises, as one over the network does."""
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture(autouse=True)
def _off():
    yield
    integration.uninstrument()
    starlette_integration.uninstrument()


@pytest.fixture
def client(memory):
    """Return a client of an application that was made before FastAPI was instrumented, and has served."""
    client = client_of(make_app())
    client.get("/teapot")
    integration.instrument()
    return client


@pytest.fixture
def servers(spans):
    """Return a function that returns the servers' spans alone."""
    return lambda: [span for span in spans() if span.kind is SpanKind.SERVER]


def test_a_request_is_a_server_span_named_by_its_route(client, spans):
    """Name, kind, attributes and scope are as the semantic conventions have them."""
    assert {"user": 7} == client.get("/users/7?page=2&token=hunter2", headers=CALLER).json()
    server, load = spans()
    assert ("GET /users/{number}", SpanKind.SERVER, "midspan.integrations.fastapi") == (
        server.name,
        server.kind,
        server.scope.name,
    )
    expected = {
        "http.request.method": "GET",
        "url.scheme": "http",
        "url.path": "/users/7",
        "url.query": "page=2&token=REDACTED",
        "http.route": "/users/{number}",
        "http.response.status_code": 200,
        "server.address": "testserver",
    }
    assert expected == {key: server.attributes[key] for key in expected}
    assert (server.context, propagation.extract(CALLER).span.context) == (load.parent, server.parent)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/outer/inner/items/a", "/v1/outer/inner/items/{item}"),
        ("/v1/outer/own/a", "/v1/outer/own/{x}"),
        ("/sub/leaf/a", "/sub/leaf/{x}"),
        ("/sub/more/items/a", "/sub/more/items/{item}"),
        ("/docs", "/docs"),
    ],
)
def test_a_route_is_the_whole_one(client, servers, path, route):
    """With the prefixes of the routers that it was included by, and with what it is mounted under."""
    assert 200 == client.get(path).status_code
    assert [(f"GET {route}", route)] == [(span.name, span.attributes["http.route"]) for span in servers()]


def test_synchronous_endpoints_and_dependencies_run_under_the_span(client, spans):
    """They run in threads, and the span is current there."""
    assert threading.current_thread().name != client.get("/thread").json()
    server, dependency, endpoint = spans()
    assert ["dependency", "in a thread"] == [dependency.name, endpoint.name]
    assert {server.context} == {dependency.parent, endpoint.parent}


def test_a_request_that_does_not_validate_is_no_failure(client, servers, points):
    """422 is the client's fault; the value that it sent is in no metric."""
    assert 422 == client.get("/users/seven").status_code
    (server,) = servers()
    assert ("GET /users/{number}", StatusCode.UNSET, 0) == (
        server.name,
        server.status.code,
        len(server.events),
    )
    assert "seven" not in str(points("http.server.request.duration"))


def test_an_http_exception_is_no_failure(client, servers):
    """Raised by a dependency, it is an answer as another."""
    assert 403 == client.get("/forbidden").status_code
    (server,) = servers()
    assert (StatusCode.UNSET, 403, 0) == (
        server.status.code,
        server.attributes["http.response.status_code"],
        len(server.events),
    )


def test_what_a_dependency_raises_is_recorded(client, servers):
    """The status is an error, the exception an event, and its message without secrets."""
    assert 500 == client.get("/broken").status_code
    (server,) = servers()
    assert (StatusCode.ERROR, 500) == (server.status.code, server.attributes["http.response.status_code"])
    assert server.attributes["error.type"].endswith("ShopError")
    assert ["exception"] == [event.name for event in server.events]
    assert SECRET not in str(server.events[0].attributes) + server.status.description


def test_the_very_exception_reaches_the_server(memory, servers):
    """It is raised after the answer, for the server to log, and is recorded once."""
    integration.instrument()
    with pytest.raises(ShopError):
        TestClient(make_app()).get("/broken")
    assert 1 == len(servers()[0].events)


def test_a_streamed_body_belongs_to_the_request(client, spans):
    """Though it is made in threads: the span is current there, and ends after it."""
    assert "012" == client.get("/stream").text
    server, *parts = spans()
    assert ["part 0", "part 1", "part 2"] == [span.name for span in parts]
    assert {server.context} == {span.parent for span in parts}
    assert server.end_ns >= parts[-1].end_ns


def test_a_background_task_is_under_the_span_and_not_in_its_duration(client, spans):
    """The response was out before."""
    assert "now" == client.get("/later").json()
    server, task = spans()
    assert (server.context, True) == (task.parent, server.end_ns <= task.end_ns)


def test_a_websocket_is_one_span(client, servers):
    """Named by its route; that the client says goodbye is no failure."""
    with suppress(WebSocketDisconnect), client.websocket_connect("/rooms/tea") as websocket:
        assert "tea" == websocket.receive_text()
    (server,) = servers()
    assert ("GET /rooms/{name}", 101, StatusCode.UNSET) == (
        server.name,
        server.attributes["http.response.status_code"],
        server.status.code,
    )


def test_requests_are_measured(client, points):
    """The duration has route and status; a path that nobody serves is none."""
    client.get("/users/7")
    client.get("/no/such/path")
    measured = points("http.server.request.duration")
    assert {("/users/{number}", 200), (None, 404)} == {
        (point.get("http.route"), point["http.response.status_code"]) for point in measured
    }


@pytest.mark.parametrize("first", [integration, starlette_integration])
def test_fastapi_and_starlette_make_one_span(memory, servers, first):
    """In whichever order they were turned on; what one has no routes for, the other has."""
    for module in (first, integration, starlette_integration):
        module.instrument()
    app = make_app()
    client_of(app).get("/users/7")
    client_of(Starlette(routes=[Mount("/shop", app=app)])).get("/shop/users/7")
    assert [
        ("GET /users/{number}", "midspan.integrations.fastapi"),
        ("GET /shop/users/{number}", "midspan.integrations.starlette"),
    ] == [(span.name, span.scope.name) for span in servers()]


def test_what_fastapi_excludes_starlette_does_not_record(memory, servers):
    """An application of FastAPI is the matter of its own integration."""
    starlette_integration.instrument()
    integration.instrument(excluded_urls="/users")
    client_of(make_app()).get("/users/7")
    assert [] == servers()


def test_starlette_alone_records_fastapi_too(memory, servers):
    """Its applications are Starlette's."""
    starlette_integration.instrument()
    client_of(make_app()).get("/v1/outer/own/a")
    assert [("GET /v1/outer/own/{x}", "midspan.integrations.starlette")] == [
        (span.name, span.scope.name) for span in servers()
    ]


def test_fastapi_inside_asgi_adds_to_the_span_that_is_there(memory, servers):
    """One span a request, with the route that only FastAPI knows."""
    integration.instrument()
    client_of(asgi.instrument(make_app())).get("/v1/outer/own/a")
    assert [("GET /v1/outer/own/{x}", "midspan.integrations.asgi")] == [
        (span.name, span.scope.name) for span in servers()
    ]


def test_one_application_can_be_instrumented_alone(memory, servers):
    """Its requests are recorded, another one's are not; uninstrumented, neither are."""
    app, other = make_app(), make_app()
    integration.instrument(app)
    client_of(app).get("/users/1")
    client_of(other).get("/users/2")
    integration.uninstrument(app)
    client_of(app).get("/users/3")
    assert [("GET /users/{number}", "/users/1")] == [
        (span.name, span.attributes["url.path"]) for span in servers()
    ]


def test_uninstrument_restores_what_was_there(memory):
    """The classes have their own functions again."""

    def functions():
        return Starlette.__call__, FastAPI.__call__, fastapi.routing.APIRoute.handle, Mount.handle

    before = functions()
    integration.instrument()
    integration.instrument(excluded_urls=["health"])
    integration.uninstrument()
    assert before == functions()


def test_hooks_and_headers(memory, servers):
    """Options given to instrument() work."""
    seen = []
    integration.instrument(
        request_headers=["X-Tenant", "Authorization"],
        request_hook=lambda span, scope: span.set_attribute("shop", scope["path"]),
        response_hook=lambda span, scope, message: seen.append(message["status"]),
    )
    client_of(make_app()).get("/users/7", headers={"X-Tenant": "acme", "Authorization": "Basic hunter2"})
    attributes = servers()[0].attributes
    assert ("/users/7", ["acme"], ["REDACTED"], [200]) == (
        attributes["shop"],
        list(attributes["http.request.header.x-tenant"]),
        list(attributes["http.request.header.authorization"]),
        seen,
    )


def test_an_application_below_a_path_is_told_so(memory, servers):
    """With a root_path, the span has the path that the client sent."""
    integration.instrument()
    app = FastAPI(root_path="/proxied")
    app.add_api_route("/users/{x}", lambda x: x)
    client_of(app).get("/users/7")
    assert [("/users/{x}", "/proxied/users/7")] == [
        (span.attributes["http.route"], span.attributes["url.path"]) for span in servers()
    ]


def test_a_real_server_serves_an_instrumented_application(memory, servers, uvicorn_port):
    """uvicorn, over a socket."""
    app = make_app()
    integration.instrument(app)
    with uvicorn_port(app, lifespan="on") as port:
        assert b'{"user":7}' == urllib.request.urlopen(f"http://127.0.0.1:{port}/users/7", timeout=10).read()
    assert [("GET /users/{number}", port)] == [
        (span.name, span.attributes["server.port"]) for span in servers()
    ]
    integration.uninstrument(app)
