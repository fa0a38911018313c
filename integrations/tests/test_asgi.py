"""ASGI applications are served as they are; each request and each websocket is a span."""

from __future__ import annotations

import asyncio

import pytest

from midspan import trace
from midspan.integrations import asgi
from midspan.trace import SpanKind, StatusCode

HTTP = {
    "type": "http",
    "method": "GET",
    "path": "/p",
    "query_string": b"sig=hunter2",
    "headers": [
        (b"host", b"shop:8080"),
        (b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ],
    "http_version": "1.1",
    "scheme": "http",
    "client": ("10.0.0.1", 5),
}
SOCKET = {"type": "websocket", "path": "/ws", "query_string": b"", "headers": [], "scheme": "ws"}


async def plain(scope, receive, send):
    """Answer, and work on for a while."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"X-Shop", b"1")]})
    await send({"type": "http.response.body", "body": b"hel", "more_body": True})
    await send({"type": "http.response.body", "body": b"lo"})
    with trace.get_tracer("t").start_as_current_span("afterwards"):
        await asyncio.sleep(0.01)


def requested(app, scope):
    """Serve one connection; return the messages that were sent."""
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(app(dict(scope), None, send))
    return sent


def test_a_request_is_a_span_under_its_caller(spans):
    """Kind, name, attributes and parent; the messages go out unchanged."""
    sent = requested(asgi.instrument(plain), HTTP)
    server = next(span for span in spans() if span.kind is SpanKind.SERVER)
    assert [b"hel", b"lo"] == [message["body"] for message in sent[1:]]
    assert {
        "http.request.method": "GET",
        "url.scheme": "http",
        "url.path": "/p",
        "url.query": "sig=REDACTED",
        "server.address": "shop",
        "server.port": 8080,
        "client.address": "10.0.0.1",
        "network.peer.address": "10.0.0.1",
        "network.peer.port": 5,
        "network.protocol.version": "1.1",
        "http.response.status_code": 200,
    } == server.attributes
    assert (0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7) == (
        server.parent.trace_id,
        server.parent.span_id,
    )


def test_what_follows_the_response_is_under_the_span_and_not_in_its_duration(spans):
    """A background task is the request's, though nobody waits for it."""
    requested(asgi.instrument(plain), HTTP)
    server, task = spans()
    assert (server.context, True) == (task.parent, server.end_ns < task.end_ns)


def test_what_the_application_raises_goes_through(spans):
    """Also after the response: a framework answers with 500, then raises for the server to log."""

    async def failing(scope, receive, send):
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body"})
        raise ValueError

    with pytest.raises(ValueError):
        requested(asgi.instrument(failing), HTTP)
    (span,) = spans()
    assert (StatusCode.ERROR, ["exception"]) == (span.status.code, [event.name for event in span.events])


@pytest.mark.parametrize(("answer", "status"), [("websocket.accept", 101), ("websocket.close", 403)])
def test_a_websocket_is_one_span(spans, answer, status):
    """Accepted, or refused: then the server answers the handshake with 403."""

    async def socket(scope, receive, send):
        await send({"type": answer})
        await send({"type": "websocket.close"})

    requested(asgi.instrument(socket), SOCKET)
    (span,) = spans()
    assert (SpanKind.SERVER, "ws", status) == (
        span.kind,
        span.attributes["url.scheme"],
        span.attributes["http.response.status_code"],
    )


def test_the_lifespan_is_no_request(spans):
    """It is handed on, and nothing is recorded."""

    async def living(scope, receive, send):
        await send({"type": "lifespan.startup.complete"})

    assert 1 == len(requested(asgi.instrument(living), {"type": "lifespan"}))
    assert [] == spans()


def test_cancellation_is_no_failure(spans):
    """A client that goes away cancels the task; that is not the application's fault."""

    async def waiting(scope, receive, send):
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        requested(asgi.instrument(waiting), HTTP)
    assert StatusCode.UNSET is spans()[0].status.code


@pytest.mark.parametrize(("code", "status"), [(1000, StatusCode.UNSET), (1006, StatusCode.ERROR)])
def test_a_client_that_says_goodbye_is_no_failure(spans, code, status):
    """Frameworks raise where a handler reads from a websocket that was closed; 1000 and 1001 are in order."""

    class DisconnectedError(Exception):
        def __init__(self):
            self.code = code

    async def socket(scope, receive, send):
        await send({"type": "websocket.accept"})
        raise DisconnectedError

    with pytest.raises(DisconnectedError):
        requested(asgi.instrument(socket), SOCKET)
    assert status is spans()[0].status.code


def test_nothing_is_recorded_where_tracing_is_suppressed(spans, memory):
    """Neither a span nor a measurement."""
    with trace.suppressed():
        assert 3 == len(requested(asgi.instrument(plain), HTTP))
    assert ([], []) == (spans(), [metric.name for metric in memory.metrics if "http" in metric.name])


@pytest.mark.parametrize(
    "odd",
    [{"type": "http.response.start"}, {"type": "http.response.start", "status": "1", "headers": [7]}, {}],
)
def test_an_odd_answer_reaches_the_server(spans, odd):
    """Which is who complains of it."""

    async def answering(scope, receive, send):
        await send(odd)

    assert [odd] == requested(asgi.instrument(answering, response_headers=["x"]), HTTP)
    assert 1 == len(spans())


def test_what_is_excluded_is_excluded_for_the_layers_below(spans):
    """An application inside, which excludes nothing, does not record it in its stead."""
    inner = asgi.instrument(plain)

    async def around(scope, receive, send):
        await inner(scope, receive, send)

    requested(asgi.instrument(around, excluded_urls="/p"), HTTP)
    assert ["afterwards"] == [span.name for span in spans()]


@pytest.mark.parametrize(
    "odd",
    [
        {"query_string": "a=b"},
        {"query_string": None},
        {"headers": None},
        {"headers": [("host", "text")]},
        {"client": "unix:"},
        {"path": b"/p"},
        {"method": 7},
    ],
)
def test_an_odd_scope_is_served(spans, odd):
    """Whatever a server, or the client of a test, puts into it, the application answers."""
    assert 3 == len(requested(asgi.instrument(plain), {**HTTP, **odd}))
