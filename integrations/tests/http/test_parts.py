"""Methods, headers, hosts: what comes from outside is bounded, and told by few names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midspan.integrations._http._headers import Captured
from midspan.integrations._http._known import known_method, known_scheme, known_version, name_of
from midspan.integrations._http._request import ClientRequest, split_host


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("GET", "GET"),
        ("get", "GET"),
        ("PATCH", "PATCH"),
        ("BREW", "_OTHER"),
        ("", "_OTHER"),
        ("G" * 99, "_OTHER"),
    ],
)
def test_a_method_is_one_of_those_that_exist(method, name):
    """A word that a client made up is none."""
    assert name == known_method(method)


@pytest.mark.parametrize(
    ("version", "known"), [("1.1", "1.1"), ("2.0", "2"), ("3", "3"), ("1.7", None), ("", None), (None, None)]
)
def test_a_version_is_one_of_those_that_exist(version, known):
    """Some servers hand on whatever number a client writes into its request line."""
    assert known == known_version(version)


def test_a_scheme_is_one_of_those_that_exist():
    """Where a proxy's header is believed, it may say anything."""
    assert ("https", "_OTHER") == (known_scheme("https"), known_scheme("gopher"))


def test_a_span_of_another_method_is_called_http():
    """As the semantic conventions have it."""
    assert ("HTTP", "GET") == (name_of(known_method("BREW")), name_of(known_method("GET")))


@pytest.mark.parametrize(
    ("host", "scheme", "found"),
    [
        ("shop.example", "http", ("shop.example", 80)),
        ("shop.example:8080", "https", ("shop.example", 8080)),
        ("[::1]:8080", "http", ("::1", 8080)),
        ("[::1]", "https", ("::1", 443)),
        ("shop:", "http", ("shop", None)),
        ("shop:99999999", "http", ("shop", None)),
        ("", "http", (None, None)),
        (None, "http", (None, None)),
    ],
)
def test_a_host_header_is_address_and_port(host, scheme, found):
    """The port is the scheme's where none is written."""
    assert found == split_host(host, scheme)


@given(st.text())
def test_any_host_header_and_any_url_can_be_read(text):
    """What a stranger sends, or an application mistypes, raises nothing here."""
    split_host(text, "http")
    ClientRequest("GET", text)


def test_captured_headers_are_bounded_and_credentials_are_only_told_to_be_there():
    """At most 16 values, 1,024 characters each."""
    attributes = {}
    captured = Captured("request", ["X-Many", "Cookie", "X-Absent"])
    headers = {"x-many": ["v" * 5000] * 50, "cookie": ["session=1"]}
    captured.into(attributes, lambda name: headers.get(name, ()))
    assert {
        "http.request.header.x-many": ["v" * 1024] * 16,
        "http.request.header.cookie": ["REDACTED"],
    } == attributes
