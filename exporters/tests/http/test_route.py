"""What is read from URLs: where to connect to, and what stands at the top of a request."""

from __future__ import annotations

import pytest

from midspan.exporters._http import Endpoint, NotSentError, Request
from midspan.exporters._http._route import route_to


def lines_of(head):
    """Return the lines of a head, up to the empty one that ends it."""
    text = head.decode("latin-1")
    assert text.endswith("\r\n\r\n")
    return text.removesuffix("\r\n\r\n").split("\r\n")


def head(url="http://c:4318/v1/traces", body=b"", sent=None, **options):
    """Return the lines of a request's head."""
    return lines_of(route_to(Endpoint(url, **options)).head(Request(body, sent or {})))


@pytest.mark.parametrize(
    ("url", "place", "host"),
    [
        ("http://c", ("c", 80, False), "c"),
        ("https://c", ("c", 443, True), "c"),
        ("http://C:80", ("c", 80, False), "c"),
        ("http://c:443", ("c", 443, False), "c:443"),
        ("https://c:80", ("c", 80, True), "c:80"),
        ("http://my_collector:4318", ("my_collector", 4318, False), "my_collector:4318"),
        ("http://[::1]:4318", ("::1", 4318, False), "[::1]:4318"),
        ("https://[::1]", ("::1", 443, True), "[::1]"),
        ("http://[fe80::1%25eth0]:4318", ("fe80::1%eth0", 4318, False), "[fe80::1]:4318"),
        ("http://b\xfccher.example", ("xn--bcher-kva.example", 80, False), "xn--bcher-kva.example"),
        ("http://me:secret@c:4318", ("c", 4318, False), "c:4318"),
    ],
)
def test_the_place_and_the_host(url, place, host):
    """A port that goes without saying is not said; addresses of IPv6 are in brackets, without a scope."""
    assert (place, f"host: {host}") == (route_to(Endpoint(url)).place, head(url)[1])


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("", "/"),
        ("/", "/"),
        ("?token=x", "/?token=x"),
        ("/v1/traces?a=b&c=%20d", "/v1/traces?a=b&c=%20d"),
        ("/a b/\xe4?c=d e", "/a%20b/%C3%A4?c=d%20e"),
        ("/a#b", "/a"),
    ],
)
def test_the_target_has_nothing_that_must_not_stand_there(path, target):
    """What is encoded already is left."""
    assert f"POST {target} HTTP/1.1" == head(f"http://c{path}")[0]


@pytest.mark.parametrize(
    "url", ["http://*.example.org/?token=secret", "http://-x", "http://a b", "http://.", "http://a,b"]
)
def test_a_host_that_can_be_none_is_not_looked_up(url):
    """It will be none at the next attempt either; what it is may be a secret."""
    with pytest.raises(NotSentError, match="the URL's host can be none") as caught:
        route_to(Endpoint(url))
    assert caught.value.permanent


def test_headers_of_the_request_count_before_those_of_the_endpoint():
    """And these before ours; each name stands once, whatever its spelling."""
    configured = {"Host": "h", "accept-encoding": "br", "x-a": "1", "x-b": "1"}
    found = head(headers=configured, sent={"X-B": "2"}, body=b"body")[1:]
    (agent,) = (line for line in found if line.startswith("user-agent: midspan"))
    found.remove(agent)
    assert ["host: h", "accept-encoding: br", "x-a: 1", "x-b: 2", "content-length: 4"] == found


def test_nobody_else_says_where_the_body_ends():
    """A server would take part of it for the next request."""
    found = head(headers={"content-length": "1", "transfer-encoding": "chunked"}, body=b"body")
    assert "content-length: 4" == found[-1]
    assert not [line for line in found if "chunked" in line or line.endswith(": 1")]


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\ny", "a\ry"])
def test_a_header_has_one_line(value):
    """Another one would be another header. What it was is not told."""
    with pytest.raises(NotSentError) as caught:
        head(headers={"x-secret": value})
    assert ("a header has more than one line", True) == (str(caught.value), caught.value.permanent)


def test_a_proxy_for_http_is_asked_for_the_whole_url():
    """It is told who asks; who is asked for, as the endpoint has it."""
    route = route_to(Endpoint("http://c/v1?x", {"a": "b"}, proxy="http://me:p%40ss@p:3128"))
    lines = lines_of(route.head(Request(b"", {})))
    assert (("p", 3128, False), None) == (route.proxy, route.tunnel)
    assert ["POST http://c/v1?x HTTP/1.1", "host: c"] == lines[:2]
    assert "proxy-authorization: Basic bWU6cEBzcw==" in lines


def test_a_proxy_for_https_is_asked_for_a_tunnel():
    """It learns nothing but the host; and whoever is behind it, nothing of the proxy."""
    route = route_to(Endpoint("https://c/v1?x", {"a": "b"}, proxy="http://me:p%40ss@p"))
    asked = lines_of(route.tunnel)
    assert (("p", 80, False), ("c", 443, True)) == (route.proxy, route.place)
    assert ["CONNECT c:443 HTTP/1.1", "host: c:443"] == asked[:2]
    assert "proxy-authorization: Basic bWU6cEBzcw==" in asked
    assert not [line for line in asked if line.startswith("a:")]
    assert not [line for line in lines_of(route.head(Request(b"", {}))) if "proxy" in line]
