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


PLANTED = {
    "headers": {"OTEL_EXPORTER_OTLP_HEADERS": f"x-team=blue,api-key={KEY}"},
    "bearer, encoded": {"OTEL_EXPORTER_OTLP_TRACES_HEADERS": f"authorization=Bearer%20{KEY}"},
    "user info": {"OTEL_EXPORTER_ZIPKIN_ENDPOINT": f"http://me:{KEY}@127.0.0.1:1/"},
    "user alone": {"OTEL_EXPORTER_POSTER_URL": f"http://{KEY}@127.0.0.1:1/"},
    "query": {"OTEL_EXPORTER_POSTER_URL": f"http://127.0.0.1:1/v1?token={KEY}"},
    "a key in a query": {"OTEL_EXPORTER_POSTER_URL": f"http://127.0.0.1:1/v1?key={KEY}"},
    "password": {"JAEGER_PASSWORD": KEY, "OTEL_EXPORTER_JAEGER_USER": "me"},
    "token": {"JAEGER_AUTH_TOKEN": KEY},
    "a header of any name": {"OTEL_EXPORTER_OTLP_HEADERS": f"x-honeycomb-team={KEY}"},
    "a pair among others": {"MIDSPAN_KAFKA_CONFIG": f"sasl.mechanism=PLAIN,sasl.password={KEY}"},
    "resource": {"OTEL_RESOURCE_ATTRIBUTES": f"db.password={KEY},a=b"},
    "misspelt": {"OTEL_EXPORTER_OLTP_HEADERS": f"api-key={KEY}"},
    "proxy": {"HTTPS_PROXY": f"http://me:{KEY}@proxy:3128"},
    "sampler": {
        "OTEL_TRACES_SAMPLER": "jaeger_remote",
        "OTEL_TRACES_SAMPLER_ARG": f"endpoint=http://127.0.0.1:1/sampling?token={KEY}",
    },
    "refused": {"OTEL_BSP_SCHEDULE_DELAY": f"https://me:{KEY}@x"},
}


@pytest.mark.parametrize("variables", PLANTED.values(), ids=PLANTED)
def test_what_is_planted_is_not_found(poster, doctor, monkeypatch, variables, words):
    """Neither in the clear nor as base64 does the report hold it, nor does anything else that is printed."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    run = doctor(*words)
    pair = base64.b64encode(f"me:{KEY}".encode()).decode()
    assert (False, False) == (KEY in run.out + run.err, pair in run.out)


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
