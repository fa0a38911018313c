"""Have messages acknowledged within a time, and say of each what became of it."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException

from midspan import delivery
from midspan.delivery import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from confluent_kafka import Producer

    from midspan.delivery import Outcome
    from midspan.exporters.kafka._connection import Connection
    from midspan.exporters.kafka._frames import Frame
    from midspan.exporters.kafka._troubles import Troubles

__all__ = ["Shipment"]

# How often to look whether waiting is still of use.
_SLICE_S: Final = 0.1
# How long to wait for what was taken back: its threads answer within milliseconds.
_PURGE_S: Final = 0.05

# Codes of Kafka's protocol, "Error Codes", and librdkafka's own. What is not here may pass.
_TOO_LARGE: Final = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})
_TAKEN_BACK: Final = frozenset({KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT})
_FINAL: Final = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError.TOPIC_EXCEPTION,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.INVALID_REQUIRED_ACKS,
        KafkaError.POLICY_VIOLATION,
        KafkaError.UNSUPPORTED_FOR_MESSAGE_FORMAT,
        KafkaError.UNSUPPORTED_COMPRESSION_TYPE,
        KafkaError.INVALID_RECORD,
    }
)


class _Message(NamedTuple):
    topic: str
    frame: Frame
    headers: list[Any]


class Shipment:
    """One attempt to send the messages of a body, by their places in it."""

    def __init__(self, frames: Mapping[int, Frame]) -> None:
        self._frames = frames
        self._waiting = set(frames)
        self._errors: dict[int, KafkaError] = {}
        # Why the rest was given up, and whether to try again cannot help.
        self._why = "not acknowledged in time"
        self._is_final = False

    def send(
        self, connection: Connection, topic: str, headers: Sequence[tuple[str, bytes]], deadline_s: float
    ) -> None:
        """Hand all messages over, and wait until each has been answered or the time is over (monotonic)."""
        producer = None
        try:
            producer = connection.producer()
            # What happened while nothing was sent, a connection that was idle and closed for one, is past.
            producer.poll(0)
            connection.troubles.begin()
            for at, frame in self._frames.items():
                self._hand_over(producer, _Message(topic, frame, list(headers)), at, connection.troubles)
            is_stuck = self._wait(producer, connection.troubles, deadline_s)
        except KafkaException as error:
            # Of the producer itself: there can be none now, or it has lost its sequence and serves nobody.
            self._why, is_stuck = error.args[0].str(), True
        if is_stuck and producer is not None:
            connection.discard(producer)

    def _wait(self, producer: Producer, troubles: Troubles, deadline_s: float) -> bool:
        """Wait for answers; say whether the producer is to be replaced."""
        while self._waiting and not troubles.is_hopeless:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                break
            producer.flush(min(left_s, _SLICE_S))
        self._why, self._is_final = troubles.last or self._why, troubles.is_final
        if self._waiting:
            # What is not acknowledged is the pipeline's again; librdkafka must not send it later.
            producer.purge()
            producer.flush(_PURGE_S)
        # What an error has left behind, the word that there is no such topic for one, a new producer need not
        # unlearn. One that is merely slow goes on: it may be about to connect.
        return bool(self._errors) or troubles.is_hopeless

    def _hand_over(self, producer: Producer, message: _Message, at: int, troubles: Troubles) -> None:
        report = functools.partial(self._report, at, troubles)
        (key, _, value), headers = message.frame, message.headers or None
        try:
            producer.produce(message.topic, value, key or None, on_delivery=report, headers=headers)
        except BufferError:
            self._report(at, troubles, KafkaError(KafkaError._QUEUE_FULL))
        except KafkaException as error:
            self._report(at, troubles, error.args[0])

    def _report(self, at: int, troubles: Troubles, error: KafkaError | None, _message: object = None) -> None:
        if error is not None and error.code() in _TAKEN_BACK:
            return
        self._waiting.discard(at)
        if error is None:
            troubles.progress()
        else:
            self._errors[at] = error

    @property
    def acknowledged(self) -> frozenset[int]:
        """The places of the messages that a broker has taken."""
        return frozenset(self._frames.keys() - self._waiting - self._errors.keys())

    def outcome(self, where: str, *, is_whole: bool) -> Outcome:
        """Return what delivery is to do; `is_whole` says that no message was acknowledged before."""
        verdicts = {at: _verdict_of(error) for at, error in self._errors.items()}
        if self._waiting or Verdict.RETRY in verdicts.values():
            said = self._said(where, verdicts, Verdict.RETRY)
            return delivery.refused(said) if self._is_final else delivery.retry(said)
        if Verdict.TOO_LARGE in verdicts.values():
            return delivery.too_large(self._said(where, verdicts, Verdict.TOO_LARGE))
        if not verdicts:
            return delivery.accepted()
        said = self._said(where, verdicts, Verdict.REFUSED)
        if is_whole and len(verdicts) == len(self._frames):
            return delivery.refused(said)
        return delivery.accepted(sum(self._frames[at].items for at in verdicts), said)

    def _said(self, where: str, verdicts: Mapping[int, Verdict], verdict: Verdict) -> str:
        """Return the first error that led to a verdict, or why nothing was heard."""
        errors = [self._errors[at] for at in sorted(verdicts) if verdicts[at] is verdict]
        return f"{where}: {errors[0].str() if errors else self._why}"


def _verdict_of(error: KafkaError) -> Verdict:
    code = error.code()
    if code in _TOO_LARGE:
        return Verdict.TOO_LARGE
    return Verdict.REFUSED if code in _FINAL else Verdict.RETRY
