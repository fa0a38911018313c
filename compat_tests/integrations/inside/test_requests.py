"""requests, against a real server on loopback."""

from __future__ import annotations

import pytest
import requests
from _http_server import SEEN, served

from midspan import propagation, trace
from midspan.integrations import requests as integration
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


def test_a_request_is_a_client_span_and_carries_its_identity(url, spans):
    """Name, kind, attributes; and the server is told which span called it."""
    integration.instrument()
    requests.get(f"{url}/status/200?sig=hunter2", timeout=5)
    (client,) = spans()
    assert ("GET", SpanKind.CLIENT, "midspan.integrations.requests") == (
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


def test_each_hop_of_a_redirect_is_a_span(url, spans):
    """Both are children of what called, and each told its own server its own identity."""
    integration.instrument()
    with trace.get_tracer("t").start_as_current_span("work") as work:
        requests.get(f"{url}/redirect/", timeout=5)
    first, second = [span for span in spans() if span.kind is SpanKind.CLIENT]
    assert [302, 200] == [span.attributes["http.response.status_code"] for span in (first, second)]
    assert [work.context, work.context] == [first.parent, second.parent]
    told = [propagation.extract(headers).span.context.span_id for headers in SEEN]
    assert [first.context.span_id, second.context.span_id] == told


def test_what_the_server_refuses_is_an_error(url, spans, points):
    """From 400 on; the metric says so as well, without the path."""
    integration.instrument()
    requests.get(f"{url}/status/404", timeout=5)
    (client,) = spans()
    assert (StatusCode.ERROR, "404") == (client.status.code, client.attributes["error.type"])
    (measured,) = points("http.client.request.duration")
    assert {
        "http.request.method",
        "server.address",
        "server.port",
        "http.response.status_code",
        "error.type",
    } == set(measured)


def test_what_requests_raises_arrives_unchanged_and_is_recorded(spans):
    """The exception is requests' own; the span has it without the secrets of the URL."""
    integration.instrument()
    with pytest.raises(requests.ConnectionError):
        requests.get("http://127.0.0.1:1/x?token=hunter2", timeout=5)
    (client,) = spans()
    assert "requests.exceptions.ConnectionError" == client.attributes["error.type"]
    assert "hunter2" not in str([dict(event.attributes) for event in client.events]) + str(client.status)


def test_one_session_can_be_instrumented_alone(url, spans):
    """Another one's requests are not recorded."""
    one, other = requests.Session(), requests.Session()
    integration.instrument(one)
    one.get(f"{url}/status/200", timeout=5)
    other.get(f"{url}/status/201", timeout=5)
    integration.uninstrument(one)
    one.get(f"{url}/status/202", timeout=5)
    assert [200] == [span.attributes["http.response.status_code"] for span in spans()]


def test_nothing_is_recorded_or_sent_where_tracing_is_suppressed(url, spans):
    """What midspan itself sends makes no spans to send."""
    integration.instrument()
    with trace.suppressed():
        requests.get(f"{url}/status/200", timeout=5)
    assert ([], False) == (spans(), "traceparent" in {name.lower() for name in SEEN[0]})


def test_an_excluded_url_is_neither_recorded_nor_given_headers(url, spans):
    """A regular expression anywhere in the URL is enough."""
    integration.instrument(excluded_urls="/status/2.0,other")
    requests.get(f"{url}/status/200", timeout=5)
    assert ([], False) == (spans(), "traceparent" in {name.lower() for name in SEEN[0]})


def test_uninstrument_restores_what_was_there():
    """The adapter has its own function again, also after instrumenting twice."""
    before = requests.adapters.HTTPAdapter.send
    integration.instrument()
    integration.instrument(semconv="legacy")
    integration.uninstrument()
    assert before is requests.adapters.HTTPAdapter.send
