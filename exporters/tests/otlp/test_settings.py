from __future__ import annotations

import math

import pytest

from midspan.exporters.otlp._settings import Given, read_settings
from midspan.sdk import ConfigurationError

GENERAL, OWN = "OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_"
METRICS = "OTEL_EXPORTER_OTLP_METRICS_"


def test_the_defaults_are_the_specifications():
    """Protobuf over HTTP to the collector on this machine, uncompressed, ten seconds."""
    settings = read_settings(Given(), {})
    assert ("http://localhost:4318/v1/traces", {}, 10.0, "none", "http/protobuf") == settings[:5]


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({GENERAL + "ENDPOINT": "http://c:4318"}, "http://c:4318/v1/traces"),
        ({GENERAL + "ENDPOINT": "http://c:4318/"}, "http://c:4318/v1/traces"),
        ({GENERAL + "ENDPOINT": "https://c/otlp/"}, "https://c/otlp/v1/traces"),
        ({GENERAL + "ENDPOINT": "https://c/otlp?tenant=1"}, "https://c/otlp/v1/traces?tenant=1"),
        ({GENERAL + "ENDPOINT": "http://[::1]:4318"}, "http://[::1]:4318/v1/traces"),
        ({OWN + "ENDPOINT": "http://c:4318"}, "http://c:4318/"),
        ({OWN + "ENDPOINT": "http://c:4318/my/traces"}, "http://c:4318/my/traces"),
        ({OWN + "ENDPOINT": "http://own", GENERAL + "ENDPOINT": "http://general"}, "http://own/"),
        ({OWN + "ENDPOINT": " ", GENERAL + "ENDPOINT": "http://general"}, "http://general/v1/traces"),
    ],
)
def test_the_path_follows_the_rules_of_the_specification(variables, url):
    """To the endpoint of all signals the signal's path is added; the endpoint of traces is taken as it is."""
    assert url == read_settings(Given(), variables).url


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://c:4318", "http://c:4318/v1/traces"),
        ("http://c:4318/v1/traces", "http://c:4318/v1/traces"),
        ("https://c/otlp/v1/traces/", "https://c/otlp/v1/traces/"),
        ("https://c/v1/traces?key=1", "https://c/v1/traces?key=1"),
        ("https://c/v1/traces#part", "https://c/v1/traces"),
    ],
)
def test_code_may_give_the_base_or_the_whole_of_the_endpoint(endpoint, url):
    """Both are common, and neither gets a path twice or not at all."""
    assert url == read_settings(Given(endpoint=endpoint), {OWN + "ENDPOINT": "http://other"}).url


@pytest.mark.parametrize(
    ("given", "variables", "url"),
    [
        (None, {}, "http://localhost:4318/v1/metrics"),
        (None, {GENERAL + "ENDPOINT": "http://c:4318/otlp/"}, "http://c:4318/otlp/v1/metrics"),
        (
            None,
            {METRICS + "ENDPOINT": "http://own:1/mine", GENERAL + "ENDPOINT": "http://c"},
            "http://own:1/mine",
        ),
        (None, {OWN + "ENDPOINT": "http://traces"}, "http://localhost:4318/v1/metrics"),
        ("http://c", {METRICS + "ENDPOINT": "http://own"}, "http://c/v1/metrics"),
        ("http://c/v1/traces", {}, "http://c/v1/metrics"),
        ("http://c/v1/traces/", {}, "http://c/v1/metrics/"),
        ("http://c/v1/metrics?key=1", {}, "http://c/v1/metrics?key=1"),
    ],
)
def test_metrics_have_their_own_endpoint(given, variables, url):
    """The same rules with another name; who wrote all of the URL of traces in code gets that of metrics."""
    assert url == read_settings(Given(endpoint=given), variables, "metrics").url


def test_the_whole_endpoint_of_metrics_tells_that_of_traces():
    """And the other way round."""
    assert "http://c/x/v1/traces" == read_settings(Given(endpoint="http://c/x/v1/metrics"), {}).url


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("headers", "a=1", {"a": "1"}),
        ("timeout", "7000", 7.0),
        ("compression", "gzip", "gzip"),
        ("protocol", "http/json", "http/json"),
        ("certificate", __file__, __file__),
        ("client_key", __file__, __file__),
        ("client_certificate", __file__, __file__),
    ],
)
def test_each_variable_of_metrics_is_read_for_metrics_alone(name, value, expected):
    """Traces keep their defaults."""
    variables = {METRICS + name.upper(): value}
    field = "timeout_s" if name == "timeout" else name
    of_metrics, of_traces = (read_settings(Given(), variables, signal) for signal in ("metrics", "traces"))
    assert (expected, getattr(read_settings(Given(), {}), field)) == (
        getattr(of_metrics, field),
        getattr(of_traces, field),
    )


@pytest.mark.parametrize(
    ("name", "given", "of_all", "of_traces", "expected"),
    [
        ("compression", "gzip", "none", "none", "gzip"),
        ("compression", None, "none", "gzip", "gzip"),
        ("compression", None, "gzip", None, "gzip"),
        ("protocol", "http/json", "http/protobuf", "http/protobuf", "http/json"),
        ("protocol", None, "http/protobuf", "http/json", "http/json"),
        ("headers", {"a": "code"}, "a=1,b=2", "a=3", {"a": "code"}),
        ("headers", None, "a=1,b=2", "a=3", {"a": "3"}),
        ("headers", None, "a=1, b=2,,", None, {"a": "1", "b": "2"}),
        ("headers", None, "A=x%20y%2Cz", None, {"a": "x y,z"}),
        ("headers", {}, "a=1", None, {}),
    ],
)
def test_code_wins_over_traces_wins_over_all(name, given, of_all, of_traces, expected):
    """What is said nearer to the exporter counts."""
    said = {GENERAL + name.upper(): of_all, OWN + name.upper(): of_traces}
    variables = {variable: value for variable, value in said.items() if value is not None}
    assert expected == getattr(read_settings(Given(**{name: given}), variables), name)


@pytest.mark.parametrize(
    ("given", "variable", "expected"),
    [(2.5, "7000", 2.5), (None, "7000", 7.0), (None, "1", 0.001), (None, "0", math.inf)],
)
def test_timeouts_are_seconds_in_code_and_milliseconds_in_variables(given, variable, expected):
    """As the specification has its variables; its zero means no limit."""
    assert expected == read_settings(Given(timeout=given), {GENERAL + "TIMEOUT": variable}).timeout_s


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENDPOINT", "localhost:4318"),
        ("ENDPOINT", "grpc://c:4317"),
        ("ENDPOINT", "http://"),
        ("ENDPOINT", "http://c:port"),
        ("ENDPOINT", "http://[::1"),
        ("TIMEOUT", "10s"),
        ("TIMEOUT", "-1"),
        ("TIMEOUT", "1.5"),
        ("COMPRESSION", "brotli"),
        ("PROTOCOL", "thrift"),
        ("CERTIFICATE", "/no/such/file.pem"),
    ],
)
def test_a_bad_value_is_refused_by_name_with_what_is_allowed(name, value):
    """The message says which variable, which value, and what would be right."""
    with pytest.raises(ConfigurationError) as caught:
        read_settings(Given(), {OWN + name: value})
    assert f"{OWN}{name}={value!r} is not valid: allowed is " in str(caught.value)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (Given(endpoint="c:4318"), "endpoint="),
        (Given(endpoint=5), "endpoint=5"),  # type: ignore[arg-type]
        (Given(timeout=0), "timeout_s=0"),
        (Given(timeout="5"), "timeout_s='5'"),  # type: ignore[arg-type]
        (Given(timeout=math.nan), "timeout_s=nan"),
        (Given(compression="zip"), "compression='zip'"),
        (Given(headers={"a b": "c"}), "headers='a b'"),
        (Given(headers={"": "c"}), "headers=''"),
        (Given(proxy="c:3128"), "proxy='c:3128'"),
    ],
)
def test_a_bad_argument_is_refused_by_name(given, word):
    """The same in code."""
    with pytest.raises(ConfigurationError) as caught:
        read_settings(given, {})
    assert word in str(caught.value)


@pytest.mark.parametrize(
    "headers", ["authorization", "x=\x01secret", "a=b\r\nsecret: 1", "é=secret", "a=x\u2028secret"]
)
def test_a_bad_header_is_refused_without_telling_its_value(headers):
    """It may be a secret, and the message goes to a log."""
    with pytest.raises(ConfigurationError) as caught:
        read_settings(Given(), {GENERAL + "HEADERS": headers})
    assert (True, False) == ("OTLP_HEADERS" in str(caught.value), "secret" in str(caught.value))


def test_credentials_in_the_url_become_a_header():
    """The URL that is kept, shown and sent has none."""
    settings = read_settings(Given(endpoint="https://user:p%40ss@c:4318"), {})
    assert ("https://c:4318/v1/traces", {"authorization": "Basic dXNlcjpwQHNz"}) == (
        settings.url,
        settings.headers,
    )


def test_a_configured_header_wins_over_credentials_in_the_url():
    """Who writes both means the header."""
    given = Given(endpoint="https://user:pass@c", headers={"Authorization": "Bearer x"})
    assert {"authorization": "Bearer x"} == read_settings(given, {}).headers


def test_a_refused_url_is_shown_without_its_credentials():
    """Not even a message about a mistake tells a password."""
    with pytest.raises(ConfigurationError) as caught:
        read_settings(Given(endpoint="ftp://user:secret@c"), {})
    assert "secret" not in str(caught.value)


def test_certificates_and_keys_are_read_from_variables(tmp_path):
    """Each has its own."""
    names = ("certificate", "client_key", "client_certificate")
    for name in names:
        (tmp_path / name).touch()
    variables = {GENERAL + name.upper(): str(tmp_path / name) for name in names}
    settings = read_settings(Given(), variables)
    assert [str(tmp_path / name) for name in names] == [getattr(settings, name) for name in names]
