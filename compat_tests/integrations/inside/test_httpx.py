"""httpx, both of its clients, against a real server on loopback."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from _http_server import SEEN, served

from midspan import propagation, trace
from midspan.integrations import httpx as integration
from midspan.trace import SpanKind, StatusCode


@pytest.fixture(scope="module")
def url():
    """Return the URL of a real server."""
    with served() as url:
        yield url


@pytest.fixture(autouse=True)
def _fresh(memory):
    SEEN.clear()
    yield
    integration.uninstrument()


def get(url, **options):
    """Send with the client that is no coroutine's."""
    with httpx.Client(**options) as client:
        return client.get(url)


def get_async(url, **options):
    """Send with the one that is."""

    async def sent():
        async with httpx.AsyncClient(**options) as client:
            return await client.get(url)

    return asyncio.run(sent())


either = pytest.mark.parametrize("get", [get, get_async])


@either
def test_a_request_is_a_client_span_and_carries_its_identity(get, url, spans):
    """Name, kind, attributes; and the server is told which span called it."""
    integration.instrument()
    assert 200 == get(f"{url}/status/200?sig=hunter2").status_code
    (client,) = spans()
    assert ("GET", SpanKind.CLIENT, "midspan.integrations.httpx") == (
        client.name,
        client.kind,
        client.scope.name,
    )
    assert {
        "http.request.method": "GET",
        "url.full": f"{url}/status/200?sig=REDACTED",
        "server.address": "127.0.0.1",
        "server.port": int(url.rpartition(":")[2]),
        "http.response.status_code": 200,
        "network.protocol.version": "1.0",
    } == client.attributes
    assert client.context.span_id == propagation.extract(SEEN[0]).span.context.span_id


@either
def test_each_hop_of_a_redirect_is_a_span(get, url, spans):
    """Both are children of what called."""
    integration.instrument()
    with trace.get_tracer("t").start_as_current_span("work") as work:
        get(f"{url}/redirect/", follow_redirects=True)
    clients = [span for span in spans() if span.kind is SpanKind.CLIENT]
    assert [302, 200] == [span.attributes["http.response.status_code"] for span in clients]
    assert {work.context} == {span.parent for span in clients}


@either
def test_what_httpx_raises_arrives_unchanged(get, spans, points):
    """The exception is httpx's own; span and metric say its type."""
    integration.instrument()
    with pytest.raises(httpx.ConnectError):
        get("http://127.0.0.1:1/x?token=hunter2")
    (client,) = spans()
    assert (StatusCode.ERROR, "httpx.ConnectError") == (client.status.code, client.attributes["error.type"])
    assert "httpx.ConnectError" == points("http.client.request.duration")[0]["error.type"]
    assert "hunter2" not in str([dict(event.attributes) for event in client.events]) + str(client.status)


@either
def test_options_and_suppression(get, url, spans):
    """Exclusions, headers and hooks are those of every HTTP client."""
    integration.instrument(
        excluded_urls=["/status/202"],
        request_headers=["accept"],
        response_headers=["content-length"],
        response_hook=lambda span, request, response: span.set_attribute("hooked", response.status_code),
    )
    with trace.suppressed():
        get(f"{url}/status/200")
    get(f"{url}/status/202")
    get(f"{url}/status/404")
    (client,) = spans()
    assert (["*/*"], ["0"], 404, "404") == (
        list(client.attributes["http.request.header.accept"]),
        list(client.attributes["http.response.header.content-length"]),
        client.attributes["hooked"],
        client.attributes["error.type"],
    )
    assert [False, False, True] == ["traceparent" in {name.lower() for name in headers} for headers in SEEN]


def test_one_client_can_be_instrumented_alone(url, spans):
    """Another one's requests are not recorded; nor its own afterwards."""
    with httpx.Client() as one, httpx.Client() as other:
        integration.instrument(one)
        one.get(f"{url}/status/200")
        other.get(f"{url}/status/201")
        integration.uninstrument(one)
        one.get(f"{url}/status/202")
    assert [200] == [span.attributes["http.response.status_code"] for span in spans()]


def test_requests_side_by_side_have_each_their_own_span(url, spans):
    """Tasks that run at once do not see one another's."""
    integration.instrument()

    async def together():
        async with httpx.AsyncClient() as client:
            await asyncio.gather(*(client.get(f"{url}/status/200?n={n}") for n in range(5)))

    with trace.get_tracer("t").start_as_current_span("work") as work:
        asyncio.run(together())
    clients = [span for span in spans() if span.kind is SpanKind.CLIENT]
    assert (5, {work.context}) == (len(clients), {span.parent for span in clients})
    told = {propagation.extract(headers).span.context.span_id for headers in SEEN}
    assert {span.context.span_id for span in clients} == told


def test_uninstrument_restores_what_was_there():
    """Both clients have their own functions again."""
    before = httpx.Client._send_single_request, httpx.AsyncClient._send_single_request
    integration.instrument()
    integration.instrument(semconv="legacy")
    integration.uninstrument()
    assert before == (httpx.Client._send_single_request, httpx.AsyncClient._send_single_request)
