"""What code and variables say, what librdkafka is told, and what is shown of it."""

from __future__ import annotations

import math

import pytest

from midspan.exporters.kafka import KafkaExporter
from midspan.exporters.kafka._settings import Given, read_settings
from midspan.sdk import ConfigurationError


def test_the_defaults_are_those_of_the_collectors_receiver():
    """The broker on this machine, the topics that a receiver reads when it is told nothing."""
    settings = read_settings(Given(), {})
    assert ("localhost:9092", {"spans": "otlp_spans", "metrics": "otlp_metrics"}) == settings[:2]
    assert {"spans": "trace_id", "metrics": "resource"} == settings.keys


def test_variables_say_all_that_can_be_said_in_text():
    """Each argument has one."""
    variables = {
        "BROKERS": "a:1, b:2",
        "TRACES_TOPIC": "t",
        "METRICS_TOPIC": "m",
        "TRACES_KEY": "none",
        "METRICS_KEY": "none",
        "CLIENT_ID": "shop",
        "COMPRESSION": "lz4",
        "ACKS": "1",
        "TIMEOUT": "2500",
        "CONFIG": "sasl.username=u,sasl.password=p%2Cq",
    }
    settings = read_settings(Given(), {f"MIDSPAN_KAFKA_{name}": text for name, text in variables.items()})
    assert ("a:1,b:2", {"spans": "t", "metrics": "m"}, {"spans": "none", "metrics": "none"}) == settings[:3]
    assert ("lz4", 2.5, "1", "shop") == (
        settings.compression,
        settings.timeout_s,
        settings.acks,
        settings.client_id,
    )
    assert {"sasl.username": "u", "sasl.password": "p,q"} == settings.config


def test_code_counts_before_variables():
    """What both say, code decides."""
    settings = read_settings(Given(brokers="a:1", acks=0), {"MIDSPAN_KAFKA_BROKERS": "b:1"})
    assert ("a:1", "0") == (settings.brokers, settings.acks)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("brokers", ""),
        ("brokers", "http://a:1"),
        ("brokers", "a:1,,b:1"),
        ("brokers", "a:0"),
        ("brokers", "a:65536"),
        ("brokers", ["a:1"]),
        ("traces_topic", "a topic"),
        ("traces_topic", ".."),
        ("metrics_topic", "t" * 250),
        ("traces_key", "service"),
        ("metrics_key", "trace_id"),
        ("client_id", "\n"),
        ("compression", "brotli"),
        ("acks", "2"),
        ("timeout_s", 0),
        ("headers", {"a": b"b"}),
        ("config", {"bootstrap.servers": "a:1"}),
        ("config", {"transactional.id": "a"}),
        ("config", {"message.max.bytes": "many"}),
        ("signals", ["logs"]),
        ("signals", "traces"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(argument, value):
    """Where it is written."""
    with pytest.raises(ConfigurationError, match=rf"^{argument}="):
        KafkaExporter(**{argument: value}, environment={})


@pytest.mark.parametrize("brokers", ["a", "a:9092", "10.0.0.1:9092,[::1]:9093", "a_b.example.org:1"])
def test_brokers_are_named_or_numbered(brokers):
    """With a port, or with Kafka's own."""
    assert brokers == read_settings(Given(brokers=brokers), {}).brokers


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"sasl.passwort": "hunter2"}, "No such configuration property"),
        ({"partitioner": "none such"}, "Invalid value"),
        ({"security.protocol": "ssl", "ssl.ca.location": "/nowhere"}, "ssl.ca.location"),
        ({"security.protocol": "ssl", "ssl.key.pem": "hunter2"}, "ssl.key.pem"),
    ],
)
def test_what_librdkafka_refuses_is_refused_at_once(config, said, capfd):
    """In its words, without a secret, and with nothing written to the terminal."""
    with pytest.raises(ConfigurationError, match=said) as caught:
        KafkaExporter(config=config, environment={})
    assert "hunter2" not in str(caught.value)
    assert ("", "") == capfd.readouterr()


def test_no_secret_is_shown():
    """Of librdkafka's properties only the names are."""
    config = {"sasl.username": "u", "sasl.password": "hunter2"}
    exporter = KafkaExporter("a:1", config=config, signals=["traces"], environment={})
    shown = "KafkaExporter('a:1/otlp_spans', zstd, acks=all, sasl.username=..., sasl.password=...)"
    assert (shown, "a:1/otlp_spans") == (repr(exporter), exporter.address)


def test_a_property_counts_before_what_the_exporter_would_say():
    """Whoever names it knows why."""
    properties = read_settings(Given(config={"linger.ms": 5, "partitioner": "murmur2"}), {}).properties
    assert (5, "murmur2") == (properties["linger.ms"], properties["partitioner"])


@pytest.mark.parametrize(("acks", "idempotent"), [("all", True), ("1", False), (0, False)])
def test_nothing_is_stored_twice_unless_fewer_brokers_are_to_have_it(acks, idempotent):
    """Kafka's idempotence goes with all acknowledgements only."""
    assert idempotent is read_settings(Given(acks=acks), {}).properties["enable.idempotence"]


@pytest.mark.parametrize("timeout_s", [0.001, 10, 3600, math.inf])
def test_any_timeout_is_one_that_librdkafka_takes(timeout_s):
    """Its own are set by it, within its limits."""
    KafkaExporter("a:1", timeout_s=timeout_s, environment={}).shutdown(1)


def test_a_signal_that_is_not_sent_is_not_asked_for():
    """A pipeline sees that there is nothing to feed."""
    exporter = KafkaExporter("a:1", signals=["metrics"], environment={})
    assert (None, None) == (exporter.encode_spans, exporter.export_spans)
