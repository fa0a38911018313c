from __future__ import annotations

import math

import pytest

from midspan._environment import ConfigurationError
from midspan.exporters.jaeger import JaegerExporter
from midspan.exporters.jaeger._settings import Given, read_settings

OTEL = "OTEL_EXPORTER_JAEGER_"


def agent_of(variables, **given):
    """Return host and port of the agent, which must be where spans go."""
    settings = read_settings(Given(**given), variables)
    assert settings.endpoint is None
    return settings.host, settings.port


def endpoint_of(variables, **given):
    """Return the endpoint of the collector, which must be where spans go."""
    settings = read_settings(Given(**given), variables)
    assert settings.endpoint is not None
    return settings.endpoint


def test_without_a_word_it_is_the_agent_on_this_machine():
    """As for jaeger-client."""
    assert ("localhost", 6831) == agent_of({})


def test_jaegers_variables_name_the_agent():
    """Those that jaeger-client reads; each by itself is enough."""
    assert ("jaeger", 7000) == agent_of({"JAEGER_AGENT_HOST": "jaeger", "JAEGER_AGENT_PORT": "7000"})
    assert ("jaeger", 6831) == agent_of({"JAEGER_AGENT_HOST": "jaeger"})
    assert ("localhost", 7000) == agent_of({"JAEGER_AGENT_PORT": "7000"})


def test_opentelemetrys_variables_win_over_jaegers():
    """Each setting by itself."""
    variables = {"JAEGER_AGENT_HOST": "old", "JAEGER_AGENT_PORT": "7000", f"{OTEL}AGENT_HOST": "new"}
    assert ("new", 7000) == agent_of(variables)
    assert ("new", 8000) == agent_of({**variables, f"{OTEL}AGENT_PORT": "8000"})


def test_code_wins_over_all_variables():
    """Each setting by itself."""
    variables = {f"{OTEL}AGENT_HOST": "new", f"{OTEL}AGENT_PORT": "8000", f"{OTEL}ENDPOINT": "http://c"}
    assert ("code", 8000) == agent_of(variables, agent_host="code")
    assert "http://code/api/traces?format=jaeger.thrift" == endpoint_of(variables, endpoint="http://code").url


@pytest.mark.parametrize("value", ["tcp://10.0.0.1:6831", "udp://10.0.0.1:6831"])
def test_what_kubernetes_says_of_a_service_is_no_port(value):
    """It sets JAEGER_AGENT_PORT for a service called jaeger-agent; jaeger-client took no notice, either."""
    assert ("localhost", 6831) == agent_of({"JAEGER_AGENT_PORT": value})


def test_an_endpoint_is_preferred_to_an_agent_that_is_named_by_the_same_kind_of_variable():
    """And a later kind counts only where an earlier one names neither."""
    url = "http://c:14268/api/traces"
    both = {"JAEGER_ENDPOINT": url, "JAEGER_AGENT_HOST": "a"}
    assert f"{url}?format=jaeger.thrift" == endpoint_of(both).url
    assert ("new", 6831) == agent_of({**both, f"{OTEL}AGENT_HOST": "new"})
    assert (
        "http://new/api/traces?format=jaeger.thrift"
        == endpoint_of({**both, f"{OTEL}ENDPOINT": "http://new"}).url
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http://c:14268", "http://c:14268/api/traces?format=jaeger.thrift"),
        ("http://c:14268/", "http://c:14268/api/traces?format=jaeger.thrift"),
        ("http://c/own/path", "http://c/own/path?format=jaeger.thrift"),
        ("http://c/api/traces?a=b", "http://c/api/traces?a=b&format=jaeger.thrift"),
        ("http://c/api/traces?format=jaeger.thrift", "http://c/api/traces?format=jaeger.thrift"),
    ],
)
def test_the_path_and_the_format_are_added_where_they_are_missing(given, expected):
    """A whole URL is taken as it is."""
    assert expected == endpoint_of({}, endpoint=given).url


AUTHORIZATIONS = [
    ({"JAEGER_USER": "ada", "JAEGER_PASSWORD": "pw"}, {}, "Basic YWRhOnB3"),
    ({f"{OTEL}USER": "ada", f"{OTEL}PASSWORD": "pw", "JAEGER_USER": "bob"}, {}, "Basic YWRhOnB3"),
    ({"JAEGER_AUTH_TOKEN": "t"}, {}, "Bearer t"),
    ({f"{OTEL}USER": "ada", f"{OTEL}PASSWORD": "pw", "JAEGER_AUTH_TOKEN": "t"}, {}, "Basic YWRhOnB3"),
    ({"JAEGER_USER": "bob", "JAEGER_PASSWORD": "no"}, {"auth_token": "t"}, "Bearer t"),
    ({"JAEGER_AUTH_TOKEN": "t"}, {"user": "ada", "password": "pw"}, "Basic YWRhOnB3"),
]


@pytest.mark.parametrize(("variables", "given", "expected"), AUTHORIZATIONS)
def test_who_is_calling(variables, given, expected):
    """Code before OpenTelemetry's variables before Jaeger's."""
    assert expected == endpoint_of(variables, endpoint="http://c", **given).headers["authorization"]


def test_a_user_in_the_url_is_a_header():
    """And no part of the URL any more."""
    endpoint = endpoint_of({}, endpoint="http://ada:pw@c/api/traces")
    assert ("http://c/api/traces?format=jaeger.thrift", "Basic YWRhOnB3") == (
        endpoint.url,
        endpoint.headers["authorization"],
    )


@pytest.mark.parametrize(
    ("variables", "given", "expected"),
    [
        ({}, {}, 10.0),
        ({f"{OTEL}TIMEOUT": "2500"}, {}, 2.5),
        ({f"{OTEL}TIMEOUT": "0"}, {}, math.inf),
        ({f"{OTEL}TIMEOUT": "2500"}, {"timeout_s": 3}, 3.0),
    ],
)
def test_timeouts_are_seconds_in_code_and_milliseconds_in_the_variable(variables, given, expected):
    """10 s without a word; 0 milliseconds is no limit."""
    assert expected == read_settings(Given(**given), variables).timeout_s


WRONG = [
    ({"JAEGER_AGENT_PORT": "many"}, {}, "JAEGER_AGENT_PORT='many'"),
    ({"JAEGER_AGENT_PORT": "65536"}, {}, "from 1 to 65535"),
    ({}, {"agent_port": 0}, "agent_port=0"),
    ({"JAEGER_AGENT_HOST": "a b"}, {}, "JAEGER_AGENT_HOST='a b'"),
    ({}, {"agent_host": "http://a"}, "agent_host='http://a'"),
    ({"JAEGER_ENDPOINT": "c:14268"}, {}, "JAEGER_ENDPOINT='c:14268'"),
    ({f"{OTEL}TIMEOUT": "soon"}, {}, f"{OTEL}TIMEOUT='soon'"),
    ({}, {"endpoint": "http://c", "agent_host": "a"}, "not both"),
    ({}, {"endpoint": "http://c", "user": "ada"}, "a user and a password, both"),
    ({"JAEGER_PASSWORD": "hush"}, {"endpoint": "http://c"}, "JAEGER_PASSWORD='...'"),
    ({}, {"endpoint": "http://c", "auth_token": "t", "user": "a", "password": "hush"}, "not both"),
    ({"JAEGER_AUTH_TOKEN": "hush\nhush"}, {"endpoint": "http://c"}, "JAEGER_AUTH_TOKEN"),
    ({}, {"endpoint": "http://c", "certificate": "/no/such"}, "certificate='/no/such'"),
    ({}, {"endpoint": "http://c", "proxy": "c"}, "proxy='c'"),
]


@pytest.mark.parametrize(("variables", "given", "named"), WRONG)
def test_what_cannot_be_is_refused_by_name(variables, given, named):
    """With what is allowed, and without any secret."""
    with pytest.raises(ConfigurationError) as caught:
        read_settings(Given(**given), variables)
    assert named in str(caught.value)
    assert "hush" not in str(caught.value)


def test_the_process_is_asked_unless_others_are_given(monkeypatch):
    """`environment` stands for its variables."""
    monkeypatch.setenv("JAEGER_AGENT_HOST", "here")
    assert ("udp://here:6831", "udp://localhost:6831") == (
        JaegerExporter().address,
        JaegerExporter(environment={}).address,
    )
