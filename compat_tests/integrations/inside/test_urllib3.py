"""urllib3, against a real server on loopback."""

from __future__ import annotations

import pytest
import requests
import urllib3
from _http_server import SEEN, served

from midspan import propagation, trace
from midspan.integrations import requests as above
from midspan.integrations import urllib3 as integration
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
    above.uninstrument()


@pytest.fixture
def pools():
    """Return a pool manager."""
    manager = urllib3.PoolManager()
    yield manager
    manager.clear()


def test_a_request_is_a_client_span_and_carries_its_identity(url, pools, spans):
    """Name, kind, attributes; and the server is told which span called it."""
    integration.instrument()
    pools.request("GET", f"{url}/status/200?sig=hunter2", headers={"X-Mine": "1"})
    (client,) = spans()
    assert ("GET", SpanKind.CLIENT, "midspan.integrations.urllib3") == (
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
    assert "1" == SEEN[0]["X-Mine"]


def test_each_attempt_and_each_hop_is_a_span(url, pools, spans):
    """The server hangs up once; then it redirects."""
    integration.instrument()
    with trace.get_tracer("t").start_as_current_span("work") as work:
        pools.request("GET", f"{url}/drop/200", retries=urllib3.Retry(2, backoff_factor=0))
        pools.request("GET", f"{url}/redirect/")
    clients = [span for span in spans() if span.kind is SpanKind.CLIENT]
    assert [None, 200, 302, 200] == [span.attributes.get("http.response.status_code") for span in clients]
    assert [StatusCode.ERROR] == [span.status.code for span in clients if "error.type" in span.attributes]
    assert {work.context} == {span.parent for span in clients}
    told = [propagation.extract(headers).span.context.span_id for headers in SEEN]
    assert [span.context.span_id for span in clients] == told


def test_below_requests_it_is_silent(url, spans):
    """One span a request, whichever of them was instrumented first."""
    integration.instrument()
    above.instrument()
    requests.get(f"{url}/status/200", timeout=5)
    assert ["midspan.integrations.requests"] == [span.scope.name for span in spans()]


def test_what_urllib3_raises_arrives_unchanged(pools, spans, points):
    """The exception is urllib3's own; span and metric say its type."""
    integration.instrument()
    with pytest.raises(urllib3.exceptions.MaxRetryError):
        pools.request("GET", "http://127.0.0.1:1/x?token=hunter2", retries=0)
    (client,) = spans()
    assert client.attributes["error.type"].startswith("urllib3.exceptions.")
    assert "hunter2" not in str([dict(event.attributes) for event in client.events]) + str(client.status)
    assert client.attributes["error.type"] == points("http.client.request.duration")[0]["error.type"]


def test_the_caller_s_headers_stay_as_they_are(url, spans):
    """What is added goes out, and nowhere else: not into the caller's dictionary, nor into the pool's."""
    mine, pooled = {"A": "1"}, {"B": "2"}
    with urllib3.PoolManager(headers=pooled) as manager:
        integration.instrument()
        manager.request("GET", f"{url}/status/200", headers=mine)
        manager.request("GET", f"{url}/status/200")
    assert ({"A": "1"}, {"B": "2"}, 2) == (mine, pooled, len(spans()))


def test_one_pool_can_be_instrumented_alone(url, spans):
    """Another one's requests are not recorded; nor its own afterwards."""
    with urllib3.PoolManager() as one, urllib3.PoolManager() as other:
        pool = one.connection_from_url(url)
        integration.instrument(pool)
        one.request("GET", f"{url}/status/200")
        other.request("GET", f"{url}/status/201")
        integration.uninstrument(pool)
        one.request("GET", f"{url}/status/202")
    assert [200] == [span.attributes["http.response.status_code"] for span in spans()]


def test_suppressed_and_excluded_requests_are_neither_recorded_nor_given_headers(url, pools, spans):
    """What midspan itself sends, and what nobody wants to see."""
    integration.instrument(excluded_urls="/status/202")
    with trace.suppressed():
        pools.request("GET", f"{url}/status/200")
    pools.request("GET", f"{url}/status/202")
    assert [] == spans()
    assert "traceparent" not in {name.lower() for headers in SEEN for name in headers}


def test_uninstrument_restores_what_was_there():
    """The pool has its own function again."""
    before = urllib3.HTTPConnectionPool._make_request
    integration.instrument()
    integration.instrument(semconv="legacy")
    integration.uninstrument()
    assert before is urllib3.HTTPConnectionPool._make_request
