"""Export spans and metrics to Kafka."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble, delivery
from midspan._environment import ConfigurationError
from midspan.delivery import Verdict
from midspan.exporters._threads import away_from_greenlets
from midspan.exporters.kafka._frames import Frame, join, split
from midspan.exporters.kafka._messages import metric_frames, span_frames
from midspan.exporters.kafka._receipts import Receipts
from midspan.exporters.kafka._settings import Given, read_settings, without_secrets
from midspan.exporters.otlp import halve_protobuf

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from midspan.delivery import Outcome
    from midspan.exporters.kafka._connection import Connection
    from midspan.exporters.kafka._settings import Settings
    from midspan.exporters.kafka._shipment import Shipment
    from midspan.metrics import Metric
    from midspan.trace import Span

__all__ = ["KafkaExporter"]

# What the items of a signal are called.
_ITEMS: Final = {"traces": "spans", "metrics": "metrics"}
# librdkafka weighs a message with its key, of 32 bytes.
_KEY_BYTES: Final = 32
_FOREVER_S: Final = 86_400.0


class KafkaExporter:
    """Send spans and metrics to topics of Kafka, in OTLP's binary form (the Collector's `otlp_proto`).

    A pipeline keeps what it has encoded until the brokers have acknowledged it (`midspan.delivery`). What
    they did not acknowledge in time is taken back from librdkafka, whose own queue never holds more than is
    being sent. All methods may be called at once, from as many threads as there are.
    """

    name = "kafka"

    def __init__(  # noqa: PLR0913 - what there is to say about topics, all but the first by name
        self,
        brokers: str | None = None,
        *,
        traces_topic: str | None = None,
        metrics_topic: str | None = None,
        traces_key: str | None = None,
        metrics_key: str | None = None,
        client_id: str | None = None,
        compression: str | None = None,
        acks: str | int | None = None,
        timeout_s: float | None = None,
        headers: Mapping[str, str] | None = None,
        config: Mapping[str, Any] | None = None,
        signals: Collection[str] = tuple(_ITEMS),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Take what code says; what it leaves out is read from `MIDSPAN_KAFKA_*`.

        - `brokers`: some of the brokers (`localhost:9092`), as in `kafka-1:9092,kafka-2:9092`.
        - `traces_topic`, `metrics_topic`: where to (`otlp_spans`, `otlp_metrics`).
        - `traces_key`: `"trace_id"`, which puts all spans of a trace on one partition, or `"none"`.
          `metrics_key`: `"resource"`, which does so with all metrics of a process, or `"none"`.
        - `client_id`: what brokers call us (`midspan`).
        - `compression`: `"zstd"`, `"lz4"`, `"snappy"`, `"gzip"` or `"none"`; of many messages together.
        - `acks`: `"all"`, `"1"` or `"0"`: how many brokers must have a message before it counts as taken.
        - `timeout_s`: seconds for one body (10).
        - `headers`: go with each message.
        - `config`: librdkafka's own properties, which count before ours: `sasl.*`, `ssl.*`, `partitioner`.
        - `signals`: what is sent: `"traces"`, `"metrics"`, or both.

        Raises:
            ConfigurationError: A value cannot be; the message names it and what is allowed.
            ImportError: The `confluent-kafka` library is missing (`pip install 'midspan[kafka]'`).
        """
        given = Given(
            brokers,
            traces_topic,
            metrics_topic,
            traces_key,
            metrics_key,
            client_id,
            compression,
            acks,
            timeout_s,
            headers,
            config,
        )
        self._settings = read_settings(given, environment)
        self._items = [_ITEMS[signal] for signal in _checked(signals)]
        self._limit = self._settings.max_message_bytes - _KEY_BYTES
        self._receipts = Receipts()
        self._connection = _connection(self._settings)
        self._hide_what_is_not_sent()

    # What delivery uses (see `midspan.delivery`).

    def encode_spans(self, spans: Sequence[Span]) -> bytes:
        """Return the messages that hold these spans, in one body."""
        return join(span_frames(spans, self._settings.keys["spans"], self._limit))

    def encode_metrics(self, metrics: Sequence[Metric]) -> bytes:
        """Return the messages that hold these metrics, in one body."""
        return join(metric_frames(metrics, self._settings.keys["metrics"], self._limit))

    def send(self, signal: str, body: bytes, timeout_s: float) -> Outcome:
        """Send the messages of a body within `timeout_s` seconds, or what is configured.

        Those that were acknowledged earlier, while others of the same body were not, are left out.
        """
        limit_s = min(timeout_s, self._settings.timeout_s)
        if self._connection.is_closed:
            return delivery.refused(f"{self.address}: the exporter is shut down")
        if limit_s <= 0:
            return delivery.retry(f"{self.address}: there was no time left")
        done = self._receipts.of(body)
        frames = {at: frame for at, frame in enumerate(split(body)) if frame.message and at not in done}
        shipment = self._shipped(signal, frames, time.monotonic() + limit_s)
        outcome = shipment.outcome(self.address, is_whole=not done)
        self._note(body, outcome, done | shipment.acknowledged)
        return outcome

    def _shipped(self, signal: str, frames: Mapping[int, Frame], deadline_s: float) -> Shipment:
        from midspan.exporters.kafka._shipment import Shipment  # noqa: PLC0415 - needs the library

        shipment = Shipment(frames)
        if frames:
            settings = self._settings
            shipment.send(self._connection, settings.topics[signal], settings.headers, deadline_s)
        return shipment

    def _note(self, body: bytes, outcome: Outcome, acknowledged: Collection[int]) -> None:
        if acknowledged and outcome.verdict in (Verdict.RETRY, Verdict.TOO_LARGE):
            self._receipts.keep(body, acknowledged)
        else:
            self._receipts.drop(body)

    def halve(self, signal: str, body: bytes) -> list[tuple[bytes, int]]:
        """Cut a body: off what was acknowledged, else between its messages, else a message in two.

        Each part comes with its count of spans or points.
        """
        done, frames = self._receipts.of(body), list(split(body))
        if done and len(done) < len(frames):
            return self._parted(frames, done)
        middle = len(frames) // 2
        if middle:
            halves = [frames[:middle], frames[middle:]]
        else:
            key, _, message = frames[0]
            kind = "metrics" if signal == "metrics" else "traces"
            halves = [[Frame(key, count, half)] for half, count in halve_protobuf(kind, message)]
        return [(join(half), sum(frame.items for frame in half)) for half in halves]

    def _parted(self, frames: Sequence[Frame], done: Collection[int]) -> list[tuple[bytes, int]]:
        """Return what was acknowledged, which the next attempt finds to be so, and the rest."""
        taken = [frame for at, frame in enumerate(frames) if at in done]
        rest = [frame for at, frame in enumerate(frames) if at not in done]
        self._receipts.keep(join(taken), range(len(taken)))
        return [(join(part), sum(frame.items for frame in part)) for part in (taken, rest)]

    @property
    def address(self) -> str:
        """Where it sends to, as it may be shown."""
        topics = ",".join(self._settings.topics[items] for items in self._items)
        return f"{self._settings.brokers}/{topics}"

    # What whoever calls an exporter by himself uses.

    def export_spans(self, spans: Sequence[Span], timeout_s: float | None = None) -> bool:
        """Send spans; False, counted and said, if some of them were not acknowledged within `timeout_s`."""
        return not spans or self._export("spans", self.encode_spans(spans), timeout_s)

    def export_metrics(self, metrics: Sequence[Metric], timeout_s: float | None = None) -> bool:
        """Send metrics; False, counted and said, if some of them were not acknowledged within `timeout_s`."""
        return not metrics or self._export("metrics", self.encode_metrics(metrics), timeout_s)

    def _export(self, signal: str, body: bytes, timeout_s: float | None) -> bool:
        deadline_s = time.monotonic() + (_FOREVER_S if timeout_s is None else timeout_s)
        # A pipeline has a thread of the system for it; whoever comes here by himself may be a greenlet.
        reasons = away_from_greenlets(lambda: self._failures(signal, body, deadline_s))
        for reason in reasons:
            _trouble.report("kafka.not_sent", f"{signal} were not sent: %s", reason)
        return not reasons

    def _failures(self, signal: str, body: bytes, deadline_s: float) -> list[str]:
        """Send a body, in as many parts as it takes; return why some of it was not acknowledged."""
        outcome = self.send(signal, body, max(deadline_s - time.monotonic(), 0.0))
        if outcome.verdict is Verdict.TOO_LARGE and (halves := self.halve(signal, body)):
            return [reason for half, _ in halves for reason in self._failures(signal, half, deadline_s)]
        if outcome.verdict is Verdict.ACCEPTED and not outcome.rejected:
            return []
        self._receipts.drop(body)
        return [outcome.message]

    def shutdown(self, timeout_s: float) -> None:  # noqa: ARG002 - nothing here takes time
        """Part from the brokers; later exports fail."""
        self._connection.close()

    def _hide_what_is_not_sent(self) -> None:
        """Let a pipeline see that it need not feed this exporter with a signal."""
        for items in set(_ITEMS.values()).difference(self._items):
            setattr(self, f"encode_{items}", None)
            setattr(self, f"export_{items}", None)

    def __repr__(self) -> str:
        settings = self._settings
        config = "".join(f", {name}=..." for name in settings.config)
        return f"KafkaExporter({self.address!r}, {settings.compression}, acks={settings.acks}{config})"


def _checked(signals: Collection[str]) -> list[str]:
    wanted = [signal for signal in _ITEMS if not isinstance(signals, str) and signal in signals]
    if not wanted or len(wanted) < len(set(signals)):
        allowed = " and ".join(map(repr, _ITEMS))
        raise ConfigurationError(f"signals={signals!r} is not valid: allowed are {allowed}, in a list")
    return wanted


def _connection(settings: Settings) -> Connection:
    try:
        from confluent_kafka import KafkaException  # noqa: PLC0415 - so that settings are checked first

        from midspan.exporters.kafka._connection import Connection  # noqa: PLC0415 - as above
    except ImportError as error:
        raise ImportError(f"{error}: pip install 'midspan[kafka]'") from error
    try:
        return Connection(settings.properties)
    except KafkaException as error:
        said = without_secrets(error.args[0].str(), settings.config)
        raise ConfigurationError(f"config is not valid: {said}") from None
