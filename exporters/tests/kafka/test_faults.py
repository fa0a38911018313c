"""What a broker may do, and what becomes of the spans: librdkafka's own mock brokers are told to do it."""

from __future__ import annotations

import socket
import time

import pytest
from confluent_kafka import KafkaError

from exporters.tests.kafka._spans import one_each, one_trace
from midspan import sdk, testing, trace
from midspan.delivery import Verdict
from midspan.exporters.kafka import KafkaExporter
from midspan.exporters.kafka._frames import Frame, join, split
from midspan.sdk import DeliverySettings

E = KafkaError
FINAL = {
    E.TOPIC_AUTHORIZATION_FAILED,
    E.CLUSTER_AUTHORIZATION_FAILED,
    E.TOPIC_EXCEPTION,
    E.INVALID_RECORD,
    E.POLICY_VIOLATION,
}
PASSING = {E.THROTTLING_QUOTA_EXCEEDED, E.INVALID_PRODUCER_EPOCH, E.OUT_OF_ORDER_SEQUENCE_NUMBER}
MENDED = {E.NOT_LEADER_FOR_PARTITION, E.REQUEST_TIMED_OUT, E.NOT_ENOUGH_REPLICAS}


def names(cluster):
    """Return the names of all spans that have arrived."""
    return sorted(name for message in cluster.arrived() for name in message.names)


def connected(cluster, exporter):
    """Return an exporter that has sent a span already, to a topic of one partition."""
    cluster.make_topic("otlp_spans", 1)
    made = exporter()
    assert made.export_spans(one_each("first"))
    return made


def configured(exporter, **settings):
    """Configure with short pauses, so that a test need not wait."""
    pauses = DeliverySettings(first_pause_s=0.01, longest_pause_s=0.02)
    return sdk.configure(exporters=[exporter], environment={}, **{"delivery": pauses, **settings})


def test_keys_headers_and_partitions(cluster, exporter):
    """Each trace has a partition of its own choice, whole; each message has the headers."""
    made = exporter(headers={"tenant": "shop"})
    spans = one_each(*(f"{number}" for number in range(40)))
    assert made.export_spans(spans)
    arrived = cluster.arrived()
    assert {f"{span.context.trace_id:032x}".encode() for span in spans} == {each.key for each in arrived}
    assert (40, [[("tenant", b"shop")]]) == (
        len(arrived),
        [list(h) for h in {tuple(a.headers) for a in arrived}],
    )
    assert {0, 1, 2, 3} == {each.partition for each in arrived}


# The Collector's exporter takes the FNV-1a hash of a key, 32 bits, as a signed number, drops the sign, and
# divides by the number of partitions.
def fnv1a(key: bytes) -> int:
    """Return the hash by its definition."""
    value = 0x811C9DC5
    for byte in key:
        value = (value ^ byte) * 0x01000193 % 2**32
    return value - 2**32 if value >= 2**31 else value


def test_partitions_are_those_that_the_collector_would_choose(cluster, exporter):
    """A trace of which parts come by way of a collector lies on one partition."""
    assert exporter().export_spans(one_each(*"abcdefghijklmnopqrst"))
    assert all(each.partition == abs(fnv1a(each.key)) % 4 for each in cluster.arrived())


def test_metrics_go_to_their_own_topic(cluster, exporter):
    """Under the key of their resource."""
    assert exporter(metrics_topic="m").export_metrics(testing.finished_metrics("a", "b"))
    (message,) = cluster.arrived("m")
    assert 32 == len(message.key)


@pytest.mark.parametrize("code", FINAL)
def test_what_will_never_be_taken_is_refused_and_said(cluster, exporter, code):
    """Nothing else is to be done about it."""
    made = connected(cluster, exporter)
    cluster.answer_with(code)
    outcome = made.send("spans", made.encode_spans(one_each("a", "b")), 5)
    assert (Verdict.REFUSED, E(code).str()) == (outcome.verdict, outcome.message.split(": ", 1)[1])


@pytest.mark.slow
@pytest.mark.parametrize("code", PASSING)
def test_what_may_pass_is_tried_again(cluster, careful, code):
    """By the pipeline, with a producer that knows nothing of the trouble."""
    made = connected(cluster, careful)
    body = made.encode_spans(one_each("a", "b"))
    cluster.answer_with(code)
    assert Verdict.RETRY is made.send("spans", body, 5).verdict
    assert Verdict.ACCEPTED is made.send("spans", body, 5).verdict
    assert ["a", "b", "first"] == names(cluster)


@pytest.mark.parametrize("code", MENDED)
def test_what_librdkafka_mends_itself_is_not_seen(cluster, exporter, code):
    """It asks who leads now, and sends again, within the time."""
    made = connected(cluster, exporter)
    cluster.answer_with(code)
    assert made.export_spans(one_each("a", "b"))
    assert ["a", "b", "first"] == names(cluster)


@pytest.mark.parametrize("code", [E.UNKNOWN_TOPIC_OR_PART, E.TOPIC_AUTHORIZATION_FAILED])
def test_a_topic_that_is_not_there_or_not_ours_is_refused(cluster, exporter, code):
    """And asked for anew the next time: somebody may have mended it."""
    cluster.fail_topic("otlp_spans", code)
    made = exporter(timeout_s=5, config={"topic.metadata.propagation.max.ms": 100})
    body = made.encode_spans(one_each("a"))
    assert Verdict.REFUSED is made.send("spans", body, 5).verdict
    cluster.fail_topic("otlp_spans", 0)
    assert Verdict.ACCEPTED is made.send("spans", body, 5).verdict


@pytest.mark.slow
def test_only_what_was_not_acknowledged_is_sent_again(cluster, careful):
    """Of a body that went to four partitions, of which one failed."""
    made = careful()
    assert made.export_spans(one_each("first"))
    body = made.encode_spans(one_each(*"abcdefghijklmnopqrst"))
    cluster.answer_with(E.THROTTLING_QUOTA_EXCEEDED)
    assert Verdict.RETRY is made.send("spans", body, 5).verdict
    assert 0 < len(names(cluster)) - 1 < 20
    assert Verdict.ACCEPTED is made.send("spans", body, 5).verdict
    assert sorted(["first", *"abcdefghijklmnopqrst"]) == names(cluster)


def test_some_of_a_body_may_be_refused(cluster, exporter):
    """The rest was taken: these alone are lost, and counted."""
    made = exporter()
    assert made.export_spans(one_each("first"))
    cluster.answer_with(E.INVALID_RECORD)
    outcome = made.send("spans", made.encode_spans(one_each(*"abcdefghijklmnopqrst")), 5)
    assert Verdict.ACCEPTED is outcome.verdict
    assert 20 == outcome.rejected + len(names(cluster)) - 1
    assert 0 < outcome.rejected < 20


@pytest.mark.parametrize("make", [one_each, one_trace])
def test_what_the_broker_finds_too_large_is_cut(cluster, exporter, make):
    """Between its messages, or within one."""
    made = connected(cluster, exporter)
    cluster.answer_with(E.MSG_SIZE_TOO_LARGE)
    assert made.export_spans(make("a", "b"))
    assert ["a", "b", "first"] == names(cluster)


def test_a_span_that_is_larger_than_a_message_is_not_sent(exporter):
    """librdkafka says so at once, without a broker."""
    made = exporter(config={"message.max.bytes": 1000})
    body = made.encode_spans(one_each("x" * 1000))
    assert (Verdict.TOO_LARGE, []) == (made.send("spans", body, 5).verdict, made.halve("spans", body))


def test_the_account_of_a_body_that_was_cut_is_exact(cluster, exporter):
    """Every span is counted as exported, but the one that alone is too large."""
    made = exporter()
    pipeline = configured(made)
    tracer = trace.get_tracer("shop")
    for number in range(50):
        tracer.start_span(f"{number}").end()
    tracer.start_span("giant", attributes={f"{n}": "x" * 60_000 for n in range(20)}).end()
    assert not pipeline.force_flush(10)
    stats = pipeline.stats().exporters["kafka"]
    assert (51, 50, 0, {"too_large": 1}) == (stats.accepted, stats.exported, stats.queued, stats.dropped)
    assert 50 == len(names(cluster))


def test_what_was_acknowledged_is_parted_from_what_is_too_large(exporter):
    """The halves of a body keep its messages and its counts."""
    made = exporter()
    body = made.encode_spans(one_each("a", "b", "c"))
    made._receipts.keep(body, [1])
    taken, rest = made.halve("spans", body)
    frames = list(split(body))
    assert [(join([frames[1]]), 1), (join([frames[0], frames[2]]), 2)] == [taken, rest]
    assert {0} == made._receipts.of(taken[0])


def test_a_message_is_cut_between_its_spans_and_its_metrics(exporter):
    """Under its key; one that holds a single span is not cut."""
    made = exporter()
    (frame,) = split(made.encode_spans(one_trace("a", "b", "c")))
    halves = [list(split(half)) for half, _ in made.halve("spans", join([frame]))]
    assert [[frame.key, 1], [frame.key, 2]] == [[half.key, half.items] for (half,) in halves]
    assert [] == made.halve("spans", made.encode_spans(testing.finished_spans("a")))
    both = made.halve("metrics", made.encode_metrics(testing.finished_metrics("a", "b")))
    points = [len(metric.points) for metric in testing.finished_metrics("a", "b")]
    assert points == [count for _, count in both]


def test_what_holds_nothing_is_not_sent(exporter):
    """A message of which the encoder could write no span."""
    made = exporter()
    assert Verdict.ACCEPTED is made.send("spans", join([Frame(b"", 1, b"")]), 5).verdict


@pytest.mark.slow
def test_a_broker_that_is_away_is_noticed_soon(careful, cluster):
    """The time of a request is not waited out; what is told is the reason."""
    made = careful()
    cluster.go_down()
    body = made.encode_spans(one_each("a"))
    begin_s = time.monotonic()
    outcome = made.send("spans", body, 10)
    assert time.monotonic() - begin_s < 4
    assert (Verdict.RETRY, True) == (outcome.verdict, "refused" in outcome.message)
    cluster.come_up()
    assert Verdict.ACCEPTED is made.send("spans", body, 10).verdict


@pytest.mark.slow
def test_the_pipeline_delivers_when_the_broker_is_back(careful, cluster):
    """Every span, once, and the account says how often it was tried."""
    pipeline = configured(careful())
    trace.get_tracer("shop").start_span("a").end()
    assert pipeline.force_flush(5)
    cluster.go_down()
    trace.get_tracer("shop").start_span("b").end()
    assert not pipeline.force_flush(1.5)
    cluster.come_up()
    assert pipeline.force_flush(10)
    stats = pipeline.stats().exporters["kafka"]
    assert (["a", "b"], 2, {}) == (names(cluster), stats.exported, stats.dropped)


@pytest.mark.parametrize("timeout_s", [0.05, 0.5])
def test_a_broker_that_is_slow_keeps_nobody(exporter, cluster, timeout_s):
    """The deadline holds, and librdkafka is left with nothing to send."""
    made = connected(cluster, exporter)
    cluster.answer_after(2_000)
    begin_s = time.monotonic()
    outcome = made.send("spans", made.encode_spans(one_each("a")), timeout_s)
    assert time.monotonic() - begin_s < timeout_s + 0.25
    assert (Verdict.RETRY, 0) == (outcome.verdict, len(made._connection.producer()))


def test_whoever_accepts_and_never_answers_keeps_nobody():
    """Not even from shutting down."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = KafkaExporter(f"127.0.0.1:{server.getsockname()[1]}", environment={})
        pipeline = configured(made)
        trace.get_tracer("shop").start_span("a").end()
        begin_s = time.monotonic()
        assert not pipeline.force_flush(0.5)
        assert not pipeline.shutdown(0.5)
        assert time.monotonic() - begin_s < 1.5
    assert {"shutdown": 1} == pipeline.stats().exporters["kafka"].dropped


def test_no_time_is_no_attempt(exporter):
    """A deadline that has passed is no reason to begin."""
    made = exporter()
    assert Verdict.RETRY is made.send("spans", made.encode_spans(one_each("a")), 0).verdict
    assert made._connection._producer is None


def test_after_a_shutdown_nothing_is_sent(exporter, caplog):
    """It is refused, and said."""
    made = exporter()
    made.shutdown(1)
    assert made.export_spans(one_each("a")) is False
    assert ["spans were not sent"] == [line.partition(":")[0] for line in caplog.messages]


def test_a_wrong_certificate_is_final(stranger):
    """Found at once, and not tried again: it stays wrong."""
    made = KafkaExporter(stranger, config={"security.protocol": "ssl"}, environment={})
    begin_s = time.monotonic()
    outcome = made.send("spans", made.encode_spans(one_each("a")), 10)
    assert time.monotonic() - begin_s < 4
    assert (Verdict.REFUSED, True) == (outcome.verdict, "certificate verify failed" in outcome.message)


def test_credentials_that_are_not_taken_are_told(cluster, exporter):
    """They are no reason to lose spans: whoever changes passwords does so in two places."""
    config = {
        "security.protocol": "sasl_plaintext",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "u",
        "sasl.password": "hunter2",
    }
    made = exporter(config=config)
    begin_s = time.monotonic()
    outcome = made.send("spans", made.encode_spans(one_each("a")), 10)
    assert time.monotonic() - begin_s < 4
    assert (Verdict.RETRY, True, False) == (
        outcome.verdict,
        "SASL" in outcome.message,
        "hunter2" in outcome.message,
    )


@pytest.mark.slow
def test_nothing_is_written_to_the_terminal(cluster, careful, capfd):
    """librdkafka's own log goes where ours goes."""
    made = careful()
    assert made.export_spans(one_each("a"))
    cluster.go_down()
    assert not made.export_spans(one_each("b"), 1.5)
    assert ("", "") == capfd.readouterr()
