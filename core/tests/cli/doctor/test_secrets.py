"""No secret is ever shown, whoever says it; what is no secret is."""

from __future__ import annotations

import base64

import pytest

from midspan.cli.doctor._secrets import Secrets

KEY = "zq81-planted-secret"


@pytest.fixture(params=[[], ["--json"]], ids=["text", "json"])
def words(request):
    """Return the words for either form of the report."""
    return request.param


# Each with a key of its own, put in place of KEY, so that a failure says which was shown.
PLANTED = {
    "OTEL_EXPORTER_OTLP_HEADERS": "x-team=blue,api-key=KEY",
    "OTEL_EXPORTER_OTLP_METRICS_HEADERS": "x-honeycomb-team=KEY",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "authorization=Bearer%20KEY",
    "OTEL_EXPORTER_ZIPKIN_ENDPOINT": "http://me:KEY@127.0.0.1:1/",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://KEY@127.0.0.1:1/",
    "OTEL_EXPORTER_POSTER_URL": "http://127.0.0.1:1/v1?token=KEY",
    "OTEL_EXPORTER_JAEGER_ENDPOINT": "http://127.0.0.1:1/v1?key=KEY",
    "OTEL_EXPORTER_OLTP_HEADERS": "api-key=KEY",
    "OTEL_RESOURCE_ATTRIBUTES": "db.password=KEY,a=b",
    "OTEL_TRACES_SAMPLER": "jaeger_remote",
    "OTEL_TRACES_SAMPLER_ARG": "endpoint=http://127.0.0.1:1/sampling?token=KEY",
    "MIDSPAN_KAFKA_CONFIG": "sasl.mechanism=PLAIN,sasl.password=KEY",
    "JAEGER_USER": "me",
    "JAEGER_PASSWORD": "KEY",
    "JAEGER_AUTH_TOKEN": "KEY",
    "HTTPS_PROXY": "http://me:KEY@proxy:3128",
}


def plant(monkeypatch, **variables):
    """Set variables; return the secrets in them, also as they would be sent."""
    keys = {name: f"{KEY}-{number}" for number, name in enumerate(variables)}
    for name, value in variables.items():
        monkeypatch.setenv(name, value.replace("KEY", keys[name]))
    pairs = {
        f"{name}, in base64": base64.b64encode(f"me:{key}".encode()).decode() for name, key in keys.items()
    }
    return keys | pairs


def test_what_is_planted_is_not_found(poster, doctor, monkeypatch, words):
    """Neither in the clear nor in base64 does anything that is printed hold it."""
    secrets = plant(monkeypatch, **PLANTED)
    run = doctor(*words)
    assert [] == [name for name, secret in secrets.items() if secret in run.out + run.err]


def test_what_is_refused_is_told_without_the_secret(poster, doctor, monkeypatch, words):
    """The error quotes the whole value."""
    secrets = plant(monkeypatch, OTEL_BSP_SCHEDULE_DELAY="https://me:KEY@x")
    run = doctor(*words)
    assert (True, []) == (
        "is not valid" in run.out,
        [name for name, each in secrets.items() if each in run.out],
    )


def test_a_secret_in_an_option_is_none_the_less(poster, doctor, words):
    """What the command line says is as secret as what a variable says."""
    run = doctor(*words, "--exporter", "poster", "--endpoint", f"http://me:{KEY}@127.0.0.1:1/?sig={KEY}")
    assert KEY not in run.out + run.err


def test_what_a_server_echoes_is_hidden(poster, doctor, monkeypatch, words):
    """A backend may repeat a header in its refusal."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"api-key={KEY}")
    poster.answer = (401, f"the key {KEY} is unknown")
    run = doctor(*words)
    assert (True, False) == ("is unknown" in run.out, KEY in run.out)


def test_the_names_of_headers_are_shown(poster, doctor, monkeypatch):
    """Whether the right header is there is what a person wants to see."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"x-team=blue,api-key={KEY}")
    (shown,) = [each for each in doctor("--json").told["variables"] if each["name"].endswith("HEADERS")]
    assert "x-team=..., api-key=..." == shown["value"]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("postgres://me:pw@db/shop", "postgres://REDACTED@db/shop"),
        ("Authorization: Bearer abcdefgh", "Authorization: REDACTED"),
        ('{"password": "abc"}', '{"password": REDACTED}'),
        ("http://x/?sig=abc&a=b", "http://x/?sig=REDACTED&a=b"),
        ("http://x/?X-Amz-Signature=abc", "http://x/?X-Amz-Signature=REDACTED"),
        ("\x1b[31mred\r\n", "\\x1b[31mred\\r\\n"),
        ("BadStatusLine: \x00\x00\x18\x04\x00\x00þ\x03?", "BadStatusLine: (binary)"),
        ("HTTP 404, status code: 5, key1=value1", "HTTP 404, status code: 5, key1=value1"),
        ("a user and a password, both", "a user and a password, both"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_wherever_it_stands(said, shown):
    """And what does not, is not; nothing steers the terminal."""
    assert shown == Secrets({}).hide(said)


def test_ordinary_words_are_not_hidden_because_a_header_has_them_too():
    """A header that says `otlp`, or a user of that name, must not take the word out of the report."""
    secrets = Secrets({"OTEL_EXPORTER_OTLP_HEADERS": "x-scope=otlp", "HTTPS_PROXY": "http://otlp:hunter22@x"})
    assert "otlp: ..." == secrets.hide("otlp: hunter22")


def test_a_value_that_cannot_be_read_is_no_reason_to_fail():
    """Variables hold anything."""
    odd = {"OTEL_X": "http://[broken", "MIDSPAN_TOKEN": "", "OTEL_HEADERS": "=,=,%ZZ"}
    assert "fine" == Secrets(odd).hide("fine")
