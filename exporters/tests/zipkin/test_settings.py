from __future__ import annotations

import math

import pytest

from midspan.exporters.zipkin._settings import Given, read_settings
from midspan.sdk import ConfigurationError

PREFIX = "OTEL_EXPORTER_ZIPKIN_"


def test_the_defaults_are_the_specifications():
    """JSON to the server on this machine, uncompressed, ten seconds."""
    settings = read_settings(Given(), {})
    assert ("http://localhost:9411/api/v2/spans", 10.0, "none", "http/json") == (
        settings.endpoint.url,
        *settings[1:],
    )


def test_variables_count():
    """Endpoint, timeout in milliseconds, protocol."""
    variables = {"ENDPOINT": "https://z/api/v2/spans", "TIMEOUT": "1500", "PROTOCOL": "http/protobuf"}
    settings = read_settings(Given(), {PREFIX + name: value for name, value in variables.items()})
    assert ("https://z/api/v2/spans", 1.5, "http/protobuf") == (
        settings.endpoint.url,
        settings.timeout_s,
        settings.protocol,
    )


def test_code_wins_over_variables():
    """What it leaves out is read from them."""
    variables = {PREFIX + "ENDPOINT": "http://other", PREFIX + "TIMEOUT": "0", PREFIX + "PROTOCOL": "odd"}
    settings = read_settings(Given(endpoint="http://z/x", protocol="http/json"), variables)
    assert ("http://z/x", math.inf, "http/json") == (
        settings.endpoint.url,
        settings.timeout_s,
        settings.protocol,
    )


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://z:9411", "http://z:9411/api/v2/spans"),
        ("http://z:9411/", "http://z:9411/api/v2/spans"),
        ("http://z?key=1", "http://z/api/v2/spans?key=1"),
        ("https://z/my/spans", "https://z/my/spans"),
        ("https://z/my/spans/", "https://z/my/spans/"),
    ],
)
def test_the_endpoint_is_taken_as_it_is(endpoint, url):
    """All but a host alone, which is given the only path that takes spans."""
    assert url == read_settings(Given(endpoint=endpoint), {}).endpoint.url


def test_a_user_in_the_endpoint_becomes_a_header():
    """So it is shown nowhere; a header that is given wins."""
    endpoint = read_settings(Given(endpoint="https://me:secret@z/x"), {}).endpoint
    assert ("https://z/x", {"authorization": "Basic bWU6c2VjcmV0"}) == (endpoint.url, endpoint.headers)


@pytest.mark.parametrize(
    ("given", "variables", "words"),
    [
        (Given(endpoint="z:9411"), {}, "endpoint='z:9411'"),
        (Given(), {PREFIX + "ENDPOINT": "z:9411"}, PREFIX + "ENDPOINT='z:9411'"),
        (Given(), {PREFIX + "TIMEOUT": "soon"}, PREFIX + "TIMEOUT='soon'"),
        (Given(timeout_s=0), {}, "timeout_s=0"),
        (Given(), {PREFIX + "PROTOCOL": "http/thrift"}, "allowed is http/json or http/protobuf"),
        (Given(compression="br"), {}, "compression='br'"),
        (Given(certificate="/nowhere"), {}, "certificate='/nowhere'"),
        (Given(client_certificate="/nowhere"), {}, "client_certificate='/nowhere'"),
        (Given(client_key="/nowhere"), {}, "client_key='/nowhere'"),
        (Given(proxy="nobody"), {}, "proxy='nobody'"),
        (Given(headers={"a b": "c"}), {}, "headers='a b'"),
    ],
)
def test_what_cannot_be_is_refused_by_name(given, variables, words):
    """With who said it, what was said, and what is allowed."""
    with pytest.raises(ConfigurationError) as caught:
        read_settings(given, variables)
    assert words in str(caught.value)
