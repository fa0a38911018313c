"""Flask, served by its own test client and by a real server."""

from __future__ import annotations

import flask
import flask.testing
import pytest

from midspan import propagation, trace
from midspan.integrations import flask as integration
from midspan.integrations import wsgi
from midspan.trace import SpanKind, StatusCode

CALLER = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}

SECRET = "hunter2"


class ShopError(Exception):
    """What no handler of the application takes."""


def make_app():
    """Return a small application."""
    app = flask.Flask("shop")

    @app.route("/users/<int:number>", methods=["GET", "POST"])
    def user(number):
        with trace.get_tracer("shop").start_as_current_span("load"):
            return f"user {number}"

    @app.route("/broken")
    def broken():
        raise ShopError("password=" + SECRET)

    @app.route("/handled")
    def handled():
        raise KeyError("handled")

    @app.errorhandler(KeyError)
    def teapot(_):
        return "no", 418

    @app.route("/stream")
    def stream():
        def parts():
            for number in range(3):
                with trace.get_tracer("shop").start_as_current_span(f"part {number}"):
                    yield str(number)

        return flask.Response(parts())

    return app


def client_of(app):
    """Return a client that reads each response to its end and closes it, as a server does."""

    class Client(app.test_client_class or flask.testing.FlaskClient):
        def open(self, *arguments, **named):
            named["buffered"] = True
            return super().open(*arguments, **named)

    app.test_client_class = Client
    return app.test_client()


@pytest.fixture(autouse=True)
def _off():
    yield
    integration.uninstrument()


@pytest.fixture
def client(memory):
    """Return a client of an application that was made after Flask was instrumented."""
    integration.instrument()
    return client_of(make_app())


def test_a_request_is_a_server_span_named_by_its_rule(client, spans):
    """Name, kind, attributes and scope are as the semantic conventions have them."""
    client.get("/users/7?page=2&token=hunter2", headers={"User-Agent": "me"})
    load, server = sorted(spans(), key=lambda span: span.kind is SpanKind.SERVER)
    assert ("GET /users/<int:number>", SpanKind.SERVER, "midspan.integrations.flask") == (
        server.name,
        server.kind,
        server.scope.name,
    )
    expected = {
        "http.request.method": "GET",
        "url.scheme": "http",
        "url.path": "/users/7",
        "url.query": "page=2&token=REDACTED",
        "http.route": "/users/<int:number>",
        "http.response.status_code": 200,
        "server.address": "localhost",
        "user_agent.original": "me",
    }
    assert expected == {key: server.attributes[key] for key in expected}
    assert server.context == load.parent


def test_the_trace_of_the_caller_goes_on(client, spans):
    """The span is a child of the one that the headers name."""
    client.get("/users/7", headers=CALLER)
    server = next(span for span in spans() if span.kind is SpanKind.SERVER)
    assert propagation.extract(CALLER).span.context == server.parent


def test_an_exception_that_nobody_handles_is_recorded(client, spans):
    """The status is an error, the exception an event, and its message without secrets."""
    assert 500 == client.get("/broken").status_code
    (server,) = spans()
    assert (StatusCode.ERROR, 500) == (server.status.code, server.attributes["http.response.status_code"])
    assert server.attributes["error.type"].endswith("ShopError")
    assert ["exception"] == [event.name for event in server.events]
    assert SECRET not in str(server.events[0].attributes) + server.status.description


def test_an_exception_that_is_handled_is_no_failure(client, spans):
    """What the application answers with 418 is a client's fault, no error of the server."""
    client.get("/handled")
    (server,) = spans()
    assert (StatusCode.UNSET, 418, 0) == (
        server.status.code,
        server.attributes["http.response.status_code"],
        len(server.events),
    )


def test_an_application_that_propagates_exceptions_raises_its_own(memory, spans):
    """The very exception arrives, and is recorded once."""
    integration.instrument()
    app = make_app()
    app.testing = True
    with pytest.raises(ShopError):
        client_of(app).get("/broken")
    (server,) = spans()
    assert 1 == len(server.events)


def test_a_path_without_a_rule_is_no_name_and_no_metric_attribute(client, spans, points):
    """What a client makes up is in the span alone."""
    client.get("/no/such/path")
    client.open("/users/7", method="BREW")
    assert ["GET", "HTTP"] == [span.name for span in spans()]
    measured = points("http.server.request.duration")
    assert {"GET", "_OTHER"} == {attributes["http.request.method"] for attributes in measured}
    assert "/no/such/path" not in str(measured)


def test_a_streamed_body_belongs_to_the_request(client, spans):
    """What the body does while it is sent is under the request's span, which ends after it."""
    assert b"012" == client.get("/stream").data
    server, *parts = spans()
    assert ["part 0", "part 1", "part 2"] == [span.name for span in parts]
    assert {server.context} == {span.parent for span in parts}
    assert server.end_ns >= parts[-1].end_ns


def test_what_runs_when_a_response_is_closed_belongs_to_the_request(memory, spans):
    """A server closes it when it was sent, though its body was all there before."""
    integration.instrument()
    app = make_app()

    @app.route("/closing")
    def closing():
        response = flask.make_response("x")
        response.call_on_close(lambda: trace.get_tracer("shop").start_span("closing").end())
        return response

    client_of(app).get("/closing")
    server, closed = spans()
    assert ("closing", server.context) == (closed.name, closed.parent)


def test_what_middleware_makes_of_a_body_belongs_to_the_request(memory, spans):
    """Flask does not know of it, and of what it does when it is asked for more."""
    integration.instrument()
    app = make_app()
    native = app.wsgi_app

    def louder(parts):
        for part in parts:
            with trace.get_tracer("shop").start_as_current_span("louder"):
                yield part.upper()

    app.wsgi_app = wsgi.instrument(lambda *given: louder(native(*given)))
    assert b"USER 7" == client_of(app).get("/users/7").data
    server, *_, last = spans()
    assert ("louder", server.context) == (last.name, last.parent)


def test_requests_are_measured(client, points):
    """The duration has route and status; what is being served goes back to nothing."""
    client.get("/users/7")
    expected = {
        "http.request.method": "GET",
        "url.scheme": "http",
        "network.protocol.version": "1.1",
        "http.route": "/users/<int:number>",
        "http.response.status_code": 200,
    }
    assert [expected] == points("http.server.request.duration")


def test_flask_inside_wsgi_adds_to_the_span_that_is_there(memory, spans):
    """One span a request, with the route that only Flask knows."""
    integration.instrument()
    app = make_app()
    app.wsgi_app = wsgi.instrument(app.wsgi_app)
    client_of(app).get("/users/7")
    servers = [span for span in spans() if span.kind is SpanKind.SERVER]
    assert [("GET /users/<int:number>", "midspan.integrations.wsgi")] == [
        (span.name, span.scope.name) for span in servers
    ]


def test_one_application_can_be_instrumented_alone(memory, spans):
    """Its requests are recorded, another one's are not; uninstrumented, neither are."""
    app, other = make_app(), make_app()
    integration.instrument(app)
    client_of(app).get("/users/1")
    client_of(other).get("/users/2")
    integration.uninstrument(app)
    client_of(app).get("/users/3")
    assert ["/users/1"] == [span.attributes["url.path"] for span in spans() if span.kind is SpanKind.SERVER]


def test_uninstrument_restores_what_was_there(memory):
    """The class has its own functions again."""
    before = flask.Flask.wsgi_app, flask.Flask.full_dispatch_request, flask.Flask.handle_exception
    integration.instrument()
    integration.instrument(excluded_urls=["health"])
    integration.uninstrument()
    assert before == (flask.Flask.wsgi_app, flask.Flask.full_dispatch_request, flask.Flask.handle_exception)


def test_hooks_headers_and_exclusions(memory, spans):
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
    client = client_of(make_app())
    client.get("/users/7", headers={"X-Tenant": "acme", "Authorization": "Basic hunter2"})
    client.get("/broken")
    (server,) = [span for span in spans() if span.kind is SpanKind.SERVER]
    attributes = server.attributes
    assert ("yes", ["acme"], ["REDACTED"]) == (
        attributes["shop"],
        list(attributes["http.request.header.x-tenant"]),
        list(attributes["http.request.header.authorization"]),
    )
    assert attributes["http.response.header.content-type"][0].startswith("text/html")
    assert ("GET", 200) == (attributes["http.method"], attributes["http.status_code"])
    assert [("/users/7", "200 OK")] == seen


def test_inbound_context_can_be_linked_or_ignored(memory, spans):
    """For what faces the public: a trace of one's own, with or without a link to the caller's."""
    for inbound in ("link", "ignore"):
        integration.instrument(inbound=inbound)
        client_of(make_app()).get("/users/7", headers=CALLER)
    linked, ignored = (span for span in spans() if span.kind is SpanKind.SERVER)
    caller = propagation.extract(CALLER).span.context
    assert (None, [caller], None, []) == (
        linked.parent,
        [link.context for link in linked.links],
        ignored.parent,
        list(ignored.links),
    )
