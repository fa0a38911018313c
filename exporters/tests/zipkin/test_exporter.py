from __future__ import annotations

import gzip
import json
import logging
import time

import pytest

from exporters.tests.otlp.conftest import TLS, Collector, server_tls
from exporters.tests.zipkin._decoder import decode_json, decode_protobuf
from midspan import sdk, trace
from midspan.delivery import Verdict
from midspan.exporters._http import Answer, NotSentError
from midspan.exporters.zipkin import ZipkinExporter
from midspan.sdk import DeliverySettings

DECODERS = {"http/json": decode_json, "http/protobuf": decode_protobuf}


class Script:
    """A network that answers as it is told to, and remembers what it was asked."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def send(self, request, timeout_s):
        self.asked.append((request, timeout_s))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self):
        pass


def scripted(answer, **options):
    """Return an exporter over a script."""
    return ZipkinExporter("http://z/x?key=secret", transport=Script(answer), environment={}, **options)


@pytest.mark.parametrize("protocol", DECODERS)
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_what_is_sent_says_what_it_is(collector, make_span, protocol, compression):
    """The media type of the form, the compression, and what was configured, to the path of the API."""
    exporter = ZipkinExporter(
        collector.url, protocol=protocol, compression=compression, headers={"X-Tenant": "7"}
    )
    assert exporter.export_spans([make_span("a")]) is True
    exporter.shutdown(1)
    (got,) = collector.received
    media = {"http/json": "application/json", "http/protobuf": "application/x-protobuf"}
    assert ("/api/v2/spans", media[protocol], "7", {"gzip": "gzip"}.get(compression)) == (
        got.path,
        got.headers["content-type"],
        got.headers["x-tenant"],
        got.headers.get("content-encoding"),
    )
    assert ["a"] == [span["name"] for span in DECODERS[protocol](got.body)]


VERDICTS = {
    200: Verdict.ACCEPTED,
    202: Verdict.ACCEPTED,
    302: Verdict.REFUSED,
    400: Verdict.REFUSED,
    404: Verdict.REFUSED,
    413: Verdict.TOO_LARGE,
    429: Verdict.RETRY,
    500: Verdict.REFUSED,
    503: Verdict.RETRY,
}


@pytest.mark.parametrize("status", VERDICTS)
def test_what_an_answer_means(status):
    """What may pass is sent again, what is too large in halves, and nothing else."""
    outcome = scripted(Answer(status, {}, b"")).send("spans", b"[]", 1)
    assert VERDICTS[status] is outcome.verdict


def test_a_refusal_tells_what_the_server_said():
    """Zipkin says in words what it does not like; the address is told without its query."""
    outcome = scripted(Answer(400, {}, b"Malformed reading List\xff" + b"x" * 999)).send("spans", b"", 1)
    assert outcome.message.startswith("http://z/x: HTTP 400 Malformed reading List")
    assert len(outcome.message) < 300


def test_a_server_may_say_when():
    """Retry-After counts."""
    assert 7 == scripted(Answer(503, {"retry-after": "7"}, b"")).send("spans", b"", 1).after_s


@pytest.mark.parametrize(("permanent", "verdict"), [(False, Verdict.RETRY), (True, Verdict.REFUSED)])
def test_no_answer_is_retried_unless_it_never_comes(permanent, verdict):
    """As the network says."""
    exporter = scripted(NotSentError("nobody there", permanent=permanent))
    assert verdict is exporter.send("spans", b"", 1).verdict


def test_the_shorter_time_counts():
    """What is configured, or what the caller has left; with none left nothing is sent."""
    exporter = scripted(Answer(202, {}, b""), timeout_s=2)
    verdicts = [exporter.send("spans", b"", timeout_s).verdict for timeout_s in (1, 3, 0)]
    assert [Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.RETRY] == verdicts
    assert [1, 2] == [timeout_s for _, timeout_s in exporter._transport.asked]


def test_a_failure_is_counted_and_said(make_span, troubles, caplog):
    """Whoever exports by hand is told False; the log has the reason."""
    with caplog.at_level(logging.WARNING):
        assert scripted(Answer(400, {}, b"Malformed")).export_spans([make_span()]) is False
    assert (1, True) == (troubles()["zipkin.not_sent"], "HTTP 400 Malformed" in caplog.text)


def test_credentials_in_the_clear_are_warned_of(troubles):
    """To another host, unencrypted."""
    ZipkinExporter("http://z.example.org/x", headers={"authorization": "x"}, environment={}).shutdown(1)
    ZipkinExporter("http://127.0.0.1/x", headers={"authorization": "x"}, environment={}).shutdown(1)
    assert 1 == troubles()["zipkin.in_clear"]


def test_what_it_shows_of_itself_holds_no_secret():
    """Neither a header's value, nor a query, nor a password."""
    exporter = ZipkinExporter("https://me:word@z/x?key=secret", compression="gzip", environment={})
    exporter.shutdown(1)
    expected = "ZipkinExporter('https://z/x', http/json, gzip, authorization=...)"
    assert (expected, "https://z/x") == (repr(exporter), exporter.address)


def test_tls_with_an_authority_of_ones_own(tls_server, make_span):
    """A certificate that is configured is what counts."""
    exporter = ZipkinExporter(tls_server.url, certificate=TLS / "ca.pem", environment={})
    stranger = ZipkinExporter(tls_server.url, environment={})
    outcome = stranger.send("spans", b"[]", 5)
    assert (True, Verdict.REFUSED) == (exporter.export_spans([make_span()], 5), outcome.verdict)
    exporter.shutdown(1)
    stranger.shutdown(1)


@pytest.fixture
def tls_server():
    """Return a server whose certificate an authority of our own has signed."""
    server = Collector(server_tls())
    server.answer = (202, {}, b"")
    yield server
    server.close()


def configured(exporter):
    """Configure with short pauses, so that a test need not wait."""
    pauses = DeliverySettings(first_pause_s=0.01, longest_pause_s=0.02, longest_told_s=0.05)
    return sdk.configure(exporters=[exporter], environment={}, delivery=pauses)


def end_spans(*names):
    """End a span of each name."""
    for name in names:
        trace.get_tracer("shop").start_span(name).end()


def test_a_pipeline_sends_again_what_was_not_taken(collector):
    """While the server says 503, spans are kept; when it takes them, all arrive, once."""
    collector.answer = (503, {}, b"")
    pipeline = configured(ZipkinExporter(collector.url, environment={}))
    end_spans("a", "b")
    deadline = time.monotonic() + 5
    while not collector.received and time.monotonic() < deadline:
        pipeline.force_flush(0.05)
    refused = len(collector.received)
    collector.answer = (202, {}, b"")
    assert pipeline.force_flush(5)
    after = [span["name"] for got in collector.received[refused:] for span in decode_json(got.body)]
    stats = pipeline.stats().exporters["zipkin"]
    assert (True, {"a", "b"}, 2) == (refused > 0, set(after), stats.exported)


@pytest.mark.parametrize("protocol", DECODERS)
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_pipeline_halves_what_is_too_large(protocol, compression):
    """A server with a limit gets smaller requests, and every span but the one that is too large alone."""

    class Limited(Script):
        def send(self, request, timeout_s):
            body = gzip.decompress(request.body) if compression == "gzip" else request.body
            if len(body) > 2_000:
                return Answer(413, {}, b"")
            self.asked += [span["name"] for span in DECODERS[protocol](body)]
            return Answer(202, {}, b"")

    server = Limited(None)
    exporter = ZipkinExporter(transport=server, protocol=protocol, compression=compression, environment={})
    pipeline = configured(exporter)
    names = [f"span {number}" for number in range(30)]
    end_spans(*names[:15])
    trace.get_tracer("shop").start_span("large", attributes={"blob": "x" * 3_000}).end()
    end_spans(*names[15:])
    pipeline.force_flush(5)
    stats = pipeline.stats().exporters["zipkin"]
    assert (names, 30, 1) == (server.asked, stats.exported, stats.dropped["too_large"])


def test_it_has_a_name(collector, monkeypatch):
    """`OTEL_TRACES_EXPORTER=zipkin` finds it, and its variables."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    monkeypatch.setenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT", collector.url + "/api/v2/spans")
    pipeline = sdk.configure(service_name="shop")
    end_spans("a")
    assert pipeline.shutdown(5)
    (got,) = json.loads(collector.received[0].body)
    assert ("a", "shop") == (got["name"], got["localEndpoint"]["serviceName"])


@pytest.mark.parametrize("protocol", DECODERS)
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_what_was_packed_can_be_halved(make_span, protocol, compression):
    """Both halves are as ready to be sent as the whole was, each with its count."""
    exporter = scripted(None, protocol=protocol, compression=compression)
    body = exporter.pack("spans", exporter.encode_spans([make_span(name) for name in "abc"]))
    halves = exporter.halve("spans", body)
    unpack = gzip.decompress if compression == "gzip" else bytes
    names = [[span["name"] for span in DECODERS[protocol](unpack(half))] for half, _ in halves]
    assert ([["a"], ["b", "c"]], [1, 2]) == (names, [count for _, count in halves])
