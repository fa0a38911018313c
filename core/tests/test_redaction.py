"""No credential is recorded because a URL, a query or an error's message holds one."""

from __future__ import annotations

import pytest

from midspan import _redaction, sdk, trace
from midspan._redaction import redacted_query, redacted_text, redacted_trace, redacted_url
from midspan.testing import MemoryExporter

SECRET = "s3cr3t-Value.1"
TEXTS = [
    f"Max retries exceeded with url: /p?token={SECRET}&x=1 (Caused by ...)",
    f"could not connect to postgres://joe:{SECRET}@db/x?sslmode=require",
    f"mongodb://joe:{SECRET}@one,two/db",
    f"host=db user=joe password={SECRET} dbname=x",
    f"password='{SECRET} and more' dbname=x",
    f"headers were {{'Authorization': 'Bearer {SECRET}', 'Cookie': 'a={SECRET}; b={SECRET}'}}",
    f"Cookie: a={SECRET}; b={SECRET}\nHost: x",
    f"Authorization: Basic {SECRET}",
    f"GET https://h/p?X-Amz-Signature={SECRET}&sig={SECRET}#frag",
    f"client_secret={SECRET}",
    f'{{"password": "{SECRET}"}}',
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_keeps_no_credential_that_it_quotes(text):
    """A URL's password, a query's token, a connection string's password, and headers are told no more."""
    assert SECRET not in redacted_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "HTTP error code: 404",
        "unexpected token: <",
        "KeyError: 'key'",
        "key=3 is taken",
        "a://b/c?x=1",
        "plain",
    ],
)
def test_a_text_without_a_credential_stays_as_it_is(text):
    """Prose that uses the same words is not torn apart."""
    assert text == redacted_text(text)


@pytest.mark.parametrize(
    "name",
    ["token", "access_token", "sig", "Signature", "X-Amz-Credential", "X-Goog-Signature", "api_key", "apikey",
     "client_secret", "code", "session", "api%5Fkey"],
)  # fmt: skip
def test_a_query_keeps_no_value_of_a_credential(name):
    """The names that providers use for credentials are known, in any case, escaped or not."""
    assert f"a=1&{name}=REDACTED&b=2" == redacted_query(f"a=1&{name}={SECRET}&b=2")


@pytest.mark.parametrize("query", ["", "a=1&b=2", "token=", "monkey=1", "keyboard=2", "design=3", "flag"])
def test_a_query_keeps_the_values_of_all_else(query):
    """A name that merely contains such a word is none."""
    assert query == redacted_query(query)


def test_a_url_keeps_neither_user_nor_fragment():
    """What stands before the host, and what never leaves a browser, is not recorded."""
    assert "https://h:1/p?a=1&sig=REDACTED" == redacted_url("https://joe:pw@h:1/p?a=1&sig=2#token=3")


def test_a_url_is_cut():
    """A URL of any length costs a bounded time and place."""
    assert 8192 == len(redacted_url("https://h/" + "x" * 100_000))


def test_an_application_may_want_to_see_a_name_all_the_same(monkeypatch):
    """MIDSPAN_UNREDACTED lists what is no credential here."""
    monkeypatch.setenv("MIDSPAN_UNREDACTED", "code, sig")
    _redaction._unredacted.cache_clear()
    _redaction.is_secret.cache_clear()
    try:
        assert "code=1&sig=2&token=REDACTED" == redacted_query("code=1&sig=2&token=3")
    finally:
        monkeypatch.undo()
        _redaction._unredacted.cache_clear()
        _redaction.is_secret.cache_clear()


def test_a_stack_trace_keeps_its_lines_of_code():
    """Code that handles a password is told as it is; the message that quotes one is not."""
    code = '  File "x.py", line 1, in f\n    password = ask(token=None)\n'
    assert f"{code}E: password=REDACTED" == redacted_trace(f"{code}E: password={SECRET}")


def test_a_recorded_exception_tells_no_credential():
    """Message, stack trace (with the causes in it) and status are all without."""
    memory = MemoryExporter()
    pipeline = sdk.configure(exporters=[memory])
    cause, error = ValueError(f"postgres://u:{SECRET}@h"), RuntimeError(f"password={SECRET}")
    with pytest.raises(RuntimeError), trace.get_tracer("t").start_as_current_span("s"):
        raise error from cause
    pipeline.shutdown(timeout_s=5)
    span = memory.spans[0]
    assert SECRET not in f"{span.status} {dict(span.events[0].attributes)}"
