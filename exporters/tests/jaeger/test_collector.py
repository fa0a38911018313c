"""To a collector: batches over HTTP, which it says that it took."""

from __future__ import annotations

import base64
import sys

import pytest

from exporters.tests.jaeger._oracle import batch_of_request
from midspan import _trouble, sdk, trace
from midspan.delivery import Verdict
from midspan.exporters._http import Answer
from midspan.exporters.jaeger import JaegerExporter
from midspan.sdk import DeliverySettings


def exporter(endpoint, **options):
    """Return an exporter that nothing outside the test configures."""
    return JaegerExporter(endpoint, environment={}, **options)


def configured(*exporters):
    """Configure with short pauses, so that a test need not wait."""
    pauses = DeliverySettings(first_pause_s=0.01, longest_pause_s=0.02, longest_told_s=0.05)
    return sdk.configure(exporters=list(exporters), delivery=pauses, environment={})


def end_spans(*names):
    """End a span of each name."""
    for name in names:
        trace.get_tracer("shop").start_span(name).end()


def names_at(collector):
    """Return the names of the spans in each request."""
    return [
        [span.operationName for span in batch_of_request(received.body).spans]
        for received in collector.received
    ]


def test_a_request_is_what_a_collector_expects(collector):
    """The path, the query that names the format, the media type; and a batch."""
    pipeline = configured(exporter(f"{collector.url}/api/traces"))
    end_spans("a", "b")
    assert pipeline.force_flush(5)
    (request,) = collector.received
    assert "/api/traces?format=jaeger.thrift" == request.path
    assert "application/x-thrift" == request.headers["content-type"]
    assert [["a", "b"]] == names_at(collector)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, None),
        ({"user": "ada", "password": "p:w"}, "Basic " + base64.b64encode(b"ada:p:w").decode()),
        ({"auth_token": "t0ken"}, "Bearer t0ken"),
    ],
)
def test_who_is_calling_is_said_in_a_header(collector, options, expected):
    """By user and password, or by a token; without, nothing is said."""
    pipeline = configured(exporter(collector.url, **options))
    end_spans("a")
    assert pipeline.force_flush(5)
    assert expected == collector.received[0].headers.get("authorization")


def test_no_secret_is_shown():
    """Neither in the repr nor in the address, nor when it is sent in clear, which is warned of."""
    one = exporter("http://ada:secret@jaeger.example:14268/api/traces?token=secret", transport=Silent())
    assert "secret" not in repr(one) + one.address
    assert {"jaeger.in_clear": 1} == _trouble.counts()


class Silent:
    """A transport that is not called."""

    def send(self, request, timeout_s):
        raise AssertionError

    def close(self):
        """Have nothing to close."""


VERDICTS = {
    200: Verdict.ACCEPTED,
    202: Verdict.ACCEPTED,
    400: Verdict.REFUSED,
    401: Verdict.REFUSED,
    413: Verdict.TOO_LARGE,
    429: Verdict.RETRY,
    500: Verdict.REFUSED,
    503: Verdict.RETRY,
}


@pytest.mark.parametrize("status", VERDICTS)
def test_what_an_answer_means(make_span, status):
    """As for every exporter over HTTP; what the collector said is told."""

    class Scripted(Silent):
        def send(self, request, timeout_s):
            return Answer(status, {}, b" because ")

    one = exporter("http://c", transport=Scripted())
    outcome = one.send("spans", one.encode_spans([make_span()]), 5)
    assert VERDICTS[status] is outcome.verdict
    if outcome.verdict is not Verdict.ACCEPTED:
        assert f"http://c/api/traces: HTTP {status} because" == outcome.message


def test_a_collector_that_is_away_for_a_while_gets_everything(collector):
    """503 for a time, then 202."""
    pipeline = configured(exporter(collector.url))
    collector.answer = (503, {}, b"")
    end_spans("a", "b")
    assert not pipeline.force_flush(0.2)
    collector.answer = (202, {}, b"")
    assert pipeline.force_flush(10)
    stats = pipeline.stats().exporters["jaeger"]
    assert (["a", "b"], 2, {}) == (names_at(collector)[-1], stats.exported, stats.dropped)


def test_what_a_collector_finds_too_large_is_cut(collector):
    """Halves are sent until each is taken; nothing is lost, and the order stays."""
    one = exporter(collector.url)
    plain = one.send

    def send(signal, body, timeout_s):
        count = sum(count for _, count in one.halve(signal, body))
        collector.answer = (413 if count > 3 else 202, {}, b"")
        return plain(signal, body, timeout_s)

    one.send = send
    pipeline = configured(one)
    end_spans(*"abcdefgh")
    assert pipeline.force_flush(10)
    stats = pipeline.stats().exporters["jaeger"]
    assert (8, 8, {}) == (stats.accepted, stats.exported, stats.dropped)
    taken = [names for names in names_at(collector) if len(names) <= 3]
    assert [*"abcdefgh"] == [name for names in taken for name in names]


def test_no_time_left_is_no_request(make_span):
    """It is tried again when there is time."""
    one = exporter("http://c", transport=Silent())
    assert Verdict.RETRY is one.send("spans", one.encode_spans([make_span()]), 0).verdict


def test_requests_are_refused_after_the_shutdown(collector, make_span):
    """Nothing is opened anew."""
    one = exporter(collector.url)
    one.shutdown(1)
    assert not one.export_spans([make_span()])
    assert [] == collector.received


def test_a_library_that_is_missing_is_named(monkeypatch):
    """With the extra that brings it."""
    for name in list(sys.modules):
        if name.partition(".")[0] == "thrift" or name.startswith("midspan.exporters.jaeger._"):
            monkeypatch.delitem(sys.modules, name)
    import midspan.exporters.jaeger as package

    monkeypatch.delattr(package, "_encoding", raising=False)
    monkeypatch.setitem(sys.modules, "thrift", None)
    with pytest.raises(ImportError, match=r"midspan\[jaeger\]"):
        exporter("http://c")
