"""What midspan puts on Kafka's topics, as a broker and a collector that nobody here wrote see it."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from compat_tests.exporters._batches import mixed, span_of_everything
from compat_tests.exporters._kafka import PARTITIONS, Broker, spans_in
from compat_tests.exporters.conftest import free_port, python_with, running
from midspan import metrics, sdk, trace
from midspan.exporters.kafka import KafkaExporter
from midspan.exporters.otlp import OTLPExporter
from midspan.sdk import DeliverySettings

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture(scope="session")
def broker_started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Start a broker, once for all tests."""
    broker = Broker(tmp_path_factory.mktemp("kafka"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def broker(broker_started: Broker) -> Iterator[Broker]:
    """Return a broker that listens, whatever an earlier test did to it."""
    yield broker_started
    broker_started.stop()
    broker_started.start()


def exporter(broker: Broker, topic: str, **options: Any) -> KafkaExporter:
    """Return an exporter of spans to a topic, configured by nothing else."""
    return KafkaExporter(broker.address, traces_topic=topic, signals=["traces"], environment={}, **options)


def configured(*exporters: Any, **settings: Any) -> sdk.Pipeline:
    """Configure with short pauses, so that a test need not wait."""
    pauses = DeliverySettings(first_pause_s=0.05, longest_pause_s=0.2)
    return sdk.configure(exporters=list(exporters), environment={}, delivery=pauses, **settings)


def test_every_span_arrives_once_and_a_trace_at_one_reader(broker_started):
    """Though two processes had part in each trace, and two readers share the partitions."""
    topic = broker_started.make_topic("shared")
    roots = [trace.SpanContext(number, 1, trace.TraceFlags.SAMPLED) for number in range(1, 401)]
    made = set()
    for client in ("a", "b"):
        pipeline = configured(exporter(broker_started, topic, client_id=client, headers={"from": client}))
        for root in roots:
            for _ in range(3):
                span = trace.get_tracer("shop").start_span(client, parent=root)
                span.end()
                made.add((root.trace_id, span.context.span_id))
        assert pipeline.shutdown(20) is True
    messages = broker_started.read(topic, len(made), readers=2)
    found = [
        (int.from_bytes(span.trace_id, "big"), int.from_bytes(span.span_id, "big"))
        for span in spans_in(messages)
    ]
    assert (len(made), made) == (len(found), set(found))
    homes, origins = defaultdict(set), set()
    for message in messages:
        (trace_id,) = {span.trace_id.hex() for span in spans_in([message])}
        assert message.key == trace_id.encode()
        homes[trace_id].add((message.reader, message.partition))
        origins |= set(message.headers)
    assert ({1}, PARTITIONS) == ({len(home) for home in homes.values()}, len(set.union(*homes.values())))
    assert {("from", b"a"), ("from", b"b")} == origins


def test_each_field_of_a_span_arrives(broker_started):
    """As a collector would read it."""
    topic = broker_started.make_topic("fields")
    assert exporter(broker_started, topic).export_spans(span_of_everything()) is True
    (span,) = spans_in(broker_started.read(topic, 1))
    assert ("everything", "vendor=x", 0x301, "broken", 10, 10, 10) == (
        span.name,
        span.trace_state,
        span.flags,
        span.status.message,
        len(span.attributes),
        len(span.events[0].attributes),
        len(span.links[0].attributes),
    )


def test_every_compression_is_read(broker_started):
    """By whatever reads Kafka; spans of one trace keep their order."""
    topic = broker_started.make_topic("compressed")
    compressions = ["zstd", "lz4", "snappy", "gzip", "none"]
    root = trace.SpanContext(0xABC, 1, trace.TraceFlags.SAMPLED)
    for compression in compressions:
        pipeline = configured(exporter(broker_started, topic, compression=compression))
        for number in range(200):
            trace.get_tracer("shop").start_span(f"{compression} {number}", parent=root).end()
        assert pipeline.shutdown(20) is True
    expected = [f"{compression} {number}" for compression in compressions for number in range(200)]
    assert expected == [span.name for span in spans_in(broker_started.read(topic, 1000))]


def test_metrics_arrive_under_the_key_of_their_process(broker_started):
    """Push after push on one partition, so that they stay in order."""
    topic = broker_started.make_topic("metrics")
    kafka = KafkaExporter(broker_started.address, metrics_topic=topic, signals=["metrics"], environment={})
    pipeline = configured(kafka)
    counter = metrics.get_meter("shop").create_counter("orders")
    for _ in range(5):
        counter.add(1)
        assert pipeline.force_flush(10) is True
    messages = broker_started.read(topic, messages=5)
    values = [
        metric.sum.data_points[0].as_int
        for message in messages
        for of_resource in ExportMetricsServiceRequest.FromString(message.value).resource_metrics
        for of_scope in of_resource.scope_metrics
        for metric in of_scope.metrics
        if metric.name == "orders"
    ]
    assert ([1, 2, 3, 4, 5], 1) == (values, len({message.key for message in messages}))


def test_nothing_is_lost_while_the_broker_is_away_for_some_seconds(broker):
    """Spans at 1,000 a second meanwhile: all arrive, and are counted."""
    topic = broker.make_topic("away")
    pipeline = configured(exporter(broker, topic))
    tracer = trace.get_tracer("shop")
    for number in range(3000):
        if number == 500:
            broker.stop()
        elif number == 2500:
            broker.start()
        tracer.start_span(f"{number}").end()
        time.sleep(0.001)
    assert pipeline.shutdown(20) is True
    stats = pipeline.stats().exporters["kafka"]
    assert (3000, 3000, {}) == (stats.accepted, stats.exported, stats.dropped)
    names = {span.name for span in spans_in(broker.read(topic, 3000))}
    assert {f"{number}" for number in range(3000)} == names


def test_what_lies_on_disk_goes_to_kafka_when_it_is_back(broker, tmp_path):
    """From the next process, whole messages with their keys."""
    topic = broker.make_topic("spilled")
    broker.stop()
    pipeline = configured(exporter(broker, topic), spill=str(tmp_path))
    for number in range(100):
        trace.get_tracer("shop").start_span(f"{number}").end()
    pipeline.shutdown(3)
    assert 100 == pipeline.stats().exporters["kafka"].spilled
    broker.start()
    assert configured(exporter(broker, topic), spill=str(tmp_path)).force_flush(20) is True
    messages = broker.read(topic, 100)
    traces = [{span.trace_id.hex().encode() for span in spans_in([message])} for message in messages]
    assert [{message.key} for message in messages] == traces
    assert {f"{number}" for number in range(100)} == {span.name for span in spans_in(messages)}


def test_a_collector_that_writes_to_kafka_writes_the_same(broker_started, tmp_path):
    """rotel, given the same spans over OTLP: each is the same message within a message of the same form."""
    ours, theirs = (broker_started.make_topic(name) for name in ("ours", "theirs"))
    packages = python_with("rotel").parent.parent
    (agent,) = packages.glob("lib/python*/site-packages/rotel/rotel-agent")
    http, grpc = free_port(), free_port()
    command = [str(agent), "start", "--pid-file", str(tmp_path / "pid"), "--exporter", "kafka"]
    command += ["--otlp-http-endpoint", f"127.0.0.1:{http}", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}"]
    command += ["--kafka-exporter-brokers", broker_started.address, "--kafka-exporter-format", "protobuf"]
    command += ["--kafka-exporter-traces-topic", theirs]
    spans = mixed()
    assert exporter(broker_started, ours).export_spans(spans) is True
    with running(command, http, tmp_path / "log"):
        assert OTLPExporter(f"http://127.0.0.1:{http}", environment={}).export_spans(spans) is True
        relayed = spans_in(broker_started.read(theirs, len(spans)))
    direct = spans_in(broker_started.read(ours, len(spans)))
    assert {span.span_id: span for span in direct} == {span.span_id: span for span in relayed}
    assert len(spans) == len(direct) == len(relayed)
