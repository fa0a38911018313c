from __future__ import annotations

import json
import time
from email.utils import formatdate

import pytest

from exporters.tests._oracle import decode
from midspan import delivery, sdk, trace
from midspan.delivery import Verdict
from midspan.exporters.otlp import Answer, NotSentError, OTLPExporter
from midspan.exporters.otlp._request import outcome_of
from midspan.sdk import DeliverySettings

PROTOBUF = {"content-type": "application/x-protobuf"}


def exporter(endpoint, **options):
    """Return an exporter that nothing outside the test configures."""
    return OTLPExporter(endpoint, environment={}, **options)


def configured(*exporters, **settings):
    """Configure with short pauses, so that a test need not wait."""
    pauses = DeliverySettings(first_pause_s=0.01, longest_pause_s=0.02, longest_told_s=0.05)
    return sdk.configure(exporters=list(exporters), environment={}, **{"delivery": pauses, **settings})


def end_spans(*names):
    """End a span of each name."""
    for name in names:
        trace.get_tracer("shop").start_span(name).end()


def names_at(collector):
    """Return the names of the spans that a collector has seen, refused or not."""
    return [[each.span.name for each in decode(received.body)] for received in collector.received]


VERDICTS = {
    200: Verdict.ACCEPTED,
    202: Verdict.ACCEPTED,
    301: Verdict.REFUSED,
    307: Verdict.REFUSED,
    400: Verdict.REFUSED,
    401: Verdict.REFUSED,
    404: Verdict.REFUSED,
    408: Verdict.REFUSED,
    413: Verdict.TOO_LARGE,
    429: Verdict.RETRY,
    500: Verdict.REFUSED,
    501: Verdict.REFUSED,
    502: Verdict.RETRY,
    503: Verdict.RETRY,
    504: Verdict.RETRY,
}


@pytest.mark.parametrize("status", VERDICTS)
def test_what_is_sent_again_is_what_the_specification_says(status):
    """429, 502, 503 and 504 may pass; nothing else does."""
    assert VERDICTS[status] is outcome_of(Answer(status, {}, b""), "http://c").verdict


@pytest.mark.parametrize(
    ("text", "after_s"), [("7", 7), (" 0 ", 0), ("-5", None), ("soon", None), ("", None), ("٣", None)]
)
def test_retry_after_in_seconds(text, after_s):
    """A whole number counts; what is none says nothing."""
    assert after_s == outcome_of(Answer(503, {"retry-after": text}, b""), "http://c").after_s


def test_retry_after_as_a_date():
    """HTTP's other form: until then."""
    date = formatdate(time.time() + 100, usegmt=True)
    assert 95 < outcome_of(Answer(503, {"retry-after": date}, b""), "http://c").after_s <= 100


def test_no_answer_is_retried_unless_it_never_comes():
    """A connection that is refused may be taken later; a certificate that is wrong stays so."""

    class Script:
        def __init__(self, error):
            self.error = error

        def send(self, request, timeout_s):
            raise self.error

        def close(self):
            pass

    away = exporter("http://c", transport=Script(NotSentError("refused")))
    wrong = exporter("http://c", transport=Script(NotSentError("certificate", permanent=True)))
    assert delivery.retry("http://c/v1/traces: refused") == away.send("spans", b"", 5)
    assert delivery.refused("http://c/v1/traces: certificate") == wrong.send("spans", b"", 5)


def test_a_collector_that_is_away_for_a_while_gets_everything(collector):
    """503 for a time, then 200: all spans arrive, in order, and the account says how often it was tried."""
    pipeline = configured(exporter(collector.url))
    collector.answer = (503, {"retry-after": "1"}, b"")
    end_spans("a", "b")
    assert not pipeline.force_flush(0.3)
    collector.answer = (200, {}, b"")
    assert pipeline.force_flush(10)
    stats = pipeline.stats().exporters["otlp"]
    assert (["a", "b"], 2, {}) == (names_at(collector)[-1], stats.exported, stats.dropped)
    assert stats.retried >= 1


def test_an_error_that_is_final_is_not_sent_again(collector):
    """500 costs the batch, counted; the next one is sent."""
    pipeline = configured(exporter(collector.url))
    collector.answer = (500, {}, b"")
    end_spans("a")
    assert not pipeline.force_flush(10)
    collector.answer = (200, {}, b"")
    end_spans("b")
    assert pipeline.force_flush(10)
    assert ([["a"], ["b"]], {"refused": 1}) == (
        names_at(collector),
        pipeline.stats().exporters["otlp"].dropped,
    )


def test_a_partial_success_is_counted_and_not_sent_again(collector):
    """What the collector rejected is lost, and said with its reason."""
    pipeline = configured(exporter(collector.url))
    answer = json.dumps({"partialSuccess": {"rejectedSpans": "2", "errorMessage": "too old"}})
    collector.answer = (200, {"content-type": "application/json"}, answer.encode())
    end_spans("a", "b", "c")
    assert not pipeline.force_flush(10)
    stats = pipeline.stats()
    assert (1, {"rejected": 2}) == (stats.exporters["otlp"].exported, stats.exporters["otlp"].dropped)
    assert (1, 1) == (stats.troubles["delivery.otlp.accepted"], len(collector.received))


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
def test_what_a_collector_finds_too_large_is_cut(collector, protocol, compression):
    """Halves are sent until each is taken; nothing is lost, and the order stays."""
    one = exporter(collector.url, protocol=protocol, compression=compression)
    plain = one.send

    def send(signal, body, timeout_s):
        count = sum(count for _, count in one.halve(signal, body))
        collector.answer = (413 if count > 3 else 200, {}, b"")
        return plain(signal, body, timeout_s)

    one.send = send
    pipeline = configured(one)
    end_spans(*"abcdefgh")
    assert pipeline.force_flush(10)
    stats = pipeline.stats().exporters["otlp"]
    assert (8, 8, {}) == (stats.accepted, stats.exported, stats.dropped)


def test_a_payload_beyond_the_limit_never_leaves(collector):
    """5 MB of spans go as several requests below 4 MB; one span that is too large alone is lost, counted."""
    pipeline = configured(
        exporter(collector.url), limits=trace.SpanLimits(value_length=10_000_000), batch=sdk.BatchSettings()
    )
    tracer = trace.get_tracer("shop")
    for number in range(100):
        tracer.start_span(str(number), attributes={"v": "x" * 50_000}).end()
    tracer.start_span("huge", attributes={"v": "x" * 5_000_000}).end()
    tracer.start_span("last").end()
    assert not pipeline.force_flush(20)
    stats = pipeline.stats().exporters["otlp"]
    assert (101, {"too_large": 1}) == (stats.exported, stats.dropped)
    assert max(len(received.body) for received in collector.received) <= 4_000_000
    assert [*map(str, range(100)), "last"] == [name for names in names_at(collector) for name in names]


def test_a_dead_exporter_never_delays_another(collector):
    """Each has a queue and a thread of its own."""
    dead = exporter("http://127.0.0.1:9")
    pipeline = configured(dead, exporter(collector.url))
    end_spans("a")
    deadline = time.monotonic() + 5
    while not collector.received and time.monotonic() < deadline:
        pipeline.force_flush(0.05)
    stats = pipeline.stats().exporters
    assert ([["a"]], 1, 1) == (names_at(collector), stats["otlp"].queued, stats["otlp-2"].exported)


def test_spans_outlive_the_process_and_its_collector(collector, tmp_path):
    """With a folder to spill to, what a dead collector did not take is sent by the next process."""
    port = collector.port
    collector.close()
    pipeline = configured(exporter(f"http://127.0.0.1:{port}"), spill=str(tmp_path))
    end_spans("a", "b")
    assert not pipeline.shutdown(5)
    assert 2 == pipeline.stats().exporters["otlp"].spilled
    from exporters.tests.otlp.conftest import Collector

    again = Collector(port=port)
    try:
        pipeline = configured(exporter(f"http://127.0.0.1:{port}"), spill=str(tmp_path))
        end_spans("c")
        assert pipeline.force_flush(10)
        assert [["a", "b"], ["c"]] == names_at(again)
    finally:
        again.close()
