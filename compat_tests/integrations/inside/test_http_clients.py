"""The edges of HTTP, for every client: requests, urllib3 and both of httpx's, against a real server."""

from __future__ import annotations

import asyncio
import copy
import pickle

import httpx
import pytest
import requests
import urllib3
from _http_server import LINES, SEEN, served

from midspan import propagation
from midspan.integrations import httpx as over_httpx
from midspan.integrations import requests as over_requests
from midspan.integrations import urllib3 as over_urllib3
from midspan.trace import StatusCode


def _with_requests(url, headers=None, timeout=5, proxy=None):
    proxies = {"http": proxy} if proxy else None
    return requests.get(url, headers=headers, timeout=timeout, proxies=proxies)


def _with_urllib3(url, headers=None, timeout=5, proxy=None):
    with urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager() as manager:
        return manager.request("GET", url, headers=headers, timeout=timeout, retries=False)


def _through(proxy):
    """Return what leads through a proxy in any version of httpx."""
    return {"mounts": {"http://": httpx.HTTPTransport(proxy=httpx.Proxy(proxy))}} if proxy else {}


def _with_httpx(url, headers=None, timeout=5, proxy=None):
    with httpx.Client(timeout=timeout, **_through(proxy)) as client:
        return client.get(url, headers=headers)


def _with_async_httpx(url, headers=None, timeout=5, proxy=None):
    mounts = {"http://": httpx.AsyncHTTPTransport(proxy=httpx.Proxy(proxy))} if proxy else None

    async def sent():
        async with httpx.AsyncClient(timeout=timeout, mounts=mounts) as client:
            return await client.get(url, headers=headers)

    return asyncio.run(sent())


CLIENTS = {
    "requests": (over_requests, _with_requests),
    "urllib3": (over_urllib3, _with_urllib3),
    "httpx": (over_httpx, _with_httpx),
    "httpx, async": (over_httpx, _with_async_httpx),
}


@pytest.fixture(scope="module")
def url():
    """Return the URL of a real server."""
    with served() as url:
        yield url


@pytest.fixture(autouse=True)
def _fresh(memory):
    SEEN.clear()
    LINES.clear()
    yield
    for integration, _ in CLIENTS.values():
        integration.uninstrument()


@pytest.fixture(params=CLIENTS)
def client(request):
    """Return an integration, and what sends with its library."""
    return CLIENTS[request.param]


def test_what_is_sent_is_the_same_but_for_the_trace(client, url):
    """In the same order, and in as many lines; the response is of the same class."""
    integration, send = client
    headers = {"X-Mine": "1", "TraceParent": "mine", "User-Agent": "me"}
    before = type(send(f"{url}/status/200?a=1", headers))
    integration.instrument()
    assert before is type(send(f"{url}/status/200?a=1", headers))
    without, traced = (
        [line for line in lines if not line.lower().startswith(("traceparent", "tracestate"))]
        for lines in LINES
    )
    assert without == traced
    found = [line for line in LINES[1] if line.lower().startswith("traceparent")]
    assert (1, False, "mine") == (len(found), found[0].endswith("mine"), headers["TraceParent"])


@pytest.mark.parametrize("credentials", ["", "user:hunter2@"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_url_is_told_without_credentials(client, spans, host, credentials):
    """Address and port are told apart, of an address of IPv6 too."""
    integration, send = client
    integration.instrument()
    with served(host) as url:
        send(f"{url.replace('//', '//' + credentials)}/status/200?token=hunter2#hunter2")
    (span,) = spans()
    told = span.attributes["url.full"].partition("#")[0]
    assert (f"{url}/status/200?token=REDACTED", host, int(url.rpartition(":")[2])) == (
        told.replace("REDACTED@", "").replace("REDACTED:", ""),
        span.attributes["server.address"],
        span.attributes["server.port"],
    )
    assert "hunter2" not in str(span.attributes)


@pytest.mark.parametrize("target", ["{url}/slow", "http://127.0.0.1:1/"])
def test_what_fails_raises_the_same(client, url, spans, target):
    """Out of time, or refused: the class of the error is in the span."""
    integration, send = client
    caught = []
    for _ in range(2):
        with pytest.raises(Exception, match=r"^") as raised:
            send(target.format(url=url), timeout=0.05)
        caught.append(type(raised.value))
        integration.instrument()
    (span,) = spans()
    assert (caught[0], StatusCode.ERROR) == (caught[1], span.status.code)
    # Some raise another in its place, further up.
    assert span.attributes["error.type"].rpartition(".")[2].endswith(("Error", "Timeout"))


def test_through_a_proxy_the_far_server_is_told(client, url, spans):
    """As the program asked for it; the proxy is sent the trace for it."""
    integration, send = client
    integration.instrument()
    assert 200 == _status(send("http://shop.example:8080/status/200", proxy=url))
    (span,) = spans()
    assert ("http://shop.example:8080/status/200", "shop.example", 8080) == (
        span.attributes["url.full"],
        span.attributes["server.address"],
        span.attributes["server.port"],
    )
    assert span.context.span_id == propagation.extract(SEEN[0]).span.context.span_id


def _status(response):
    return getattr(response, "status_code", None) or response.status


def test_headers_that_are_given_twice_are_sent_twice(url, spans):
    """urllib3 has a dictionary for that."""
    over_urllib3.instrument()
    given = urllib3._collections.HTTPHeaderDict([("X-Twice", "1"), ("X-Twice", "2")])
    _with_urllib3(f"{url}/status/200", given)
    assert (["X-Twice: 1", "X-Twice: 2"], 1) == (
        [line for line in LINES[0] if line.startswith("X-Twice")],
        len(spans()),
    )
    assert [("X-Twice", "1"), ("X-Twice", "2")] == list(given.iteritems())


def test_what_an_adapter_tries_again_is_one_span(url, spans):
    """requests leaves that to urllib3, which is silent below it."""
    over_requests.instrument()
    over_urllib3.instrument()
    with requests.Session() as session:
        retries = urllib3.Retry(2, status_forcelist=[503], backoff_factor=0)
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retries))
        with pytest.raises(requests.exceptions.RetryError):
            session.get(f"{url}/status/503")
    assert (3, ["requests.exceptions.RetryError"]) == (
        len(SEEN),
        [span.attributes["error.type"] for span in spans()],
    )


@pytest.mark.parametrize(
    "made", [copy.copy, copy.deepcopy, lambda session: pickle.loads(pickle.dumps(session))]
)
def test_a_session_can_be_copied_and_pickled(url, spans, made):
    """Instrumented alone, or with all of them."""
    with requests.Session() as session:
        over_requests.instrument(session)
        over_requests.instrument()
        with made(session) as another:
            assert 200 == another.get(f"{url}/status/200").status_code
        over_requests.uninstrument(session)
    assert 1 == len(spans())


@pytest.mark.parametrize("answer", [requests.Response(), 7])
def test_what_an_adapter_of_the_applications_returns_is_returned(spans, answer):
    """Though it has no status, or is no response at all."""

    class Own(requests.adapters.BaseAdapter):
        def send(self, request, **_):
            return answer

        def close(self):
            """Hold nothing."""

    with requests.Session() as session:
        session.mount("http://", own := Own())
        over_requests.instrument(session)
        assert answer is own.send(requests.Request("GET", "http://shop/").prepare())
        over_requests.uninstrument(session)
    assert ["http://shop/"] == [span.attributes["url.full"] for span in spans()]


def test_a_transport_of_the_applications_is_recorded(spans):
    """Wherever it is mounted, and whatever it says of the version of HTTP."""

    class Own(httpx.BaseTransport):
        def handle_request(self, request):
            return httpx.Response(201, extensions={"http_version": b"\xff"})

    over_httpx.instrument()
    with httpx.Client(mounts={"all://shop": Own()}) as client:
        assert 201 == client.get("http://shop/").status_code
    (span,) = spans()
    assert (201, False) == (
        span.attributes["http.response.status_code"],
        "network.protocol.version" in span.attributes,
    )
