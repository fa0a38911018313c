"""librdkafka's own mock cluster: brokers that speak Kafka's protocol on loopback, and fail when told to.

`confluent_kafka` brings them along and can start them (`test.mock.num.brokers`), but not make them fail. So
they are reached in the library itself; its clients talk to them over sockets, as to any other broker.
"""

from __future__ import annotations

import ctypes
from ctypes import c_char_p, c_int, c_int16, c_int32, c_size_t, c_void_p
from typing import TYPE_CHECKING, Any, NamedTuple

from confluent_kafka import Consumer, Message, TopicPartition, cimpl

from exporters.tests._oracle import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

_librdkafka = ctypes.CDLL(cimpl.__file__)
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "conf_new": (c_void_p, []),
    "conf_set": (c_int, [c_void_p, c_char_p, c_char_p, c_char_p, c_size_t]),
    "new": (c_void_p, [c_int, c_void_p, c_char_p, c_size_t]),
    "destroy": (None, [c_void_p]),
    "mock_cluster_new": (c_void_p, [c_void_p, c_int]),
    "mock_cluster_destroy": (None, [c_void_p]),
    "mock_cluster_bootstraps": (c_char_p, [c_void_p]),
    "mock_broker_set_down": (c_int, [c_void_p, c_int32]),
    "mock_broker_set_up": (c_int, [c_void_p, c_int32]),
    "mock_broker_set_rtt": (c_int, [c_void_p, c_int32, c_int]),
    "mock_topic_create": (c_int, [c_void_p, c_char_p, c_int, c_int]),
    "mock_topic_set_error": (None, [c_void_p, c_char_p, c_int]),
    "mock_push_request_errors_array": (None, [c_void_p, c_int16, c_size_t, c_void_p]),
}
PRODUCE = 0
PATIENCE_S = 10.0


def _call(name: str, *arguments: Any) -> Any:
    function = getattr(_librdkafka, f"rd_kafka_{name}")
    function.restype, function.argtypes = _SIGNATURES[name]
    return function(*arguments)


class Arrived(NamedTuple):
    """A message as a consumer sees it."""

    partition: int
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]] | None

    @property
    def names(self) -> list[str]:
        """The names of the spans in it."""
        return [each.span.name for each in decode(self.value)]


class Cluster:
    """A broker, and what is to become of requests that reach it."""

    def __init__(self) -> None:
        said, settings = ctypes.create_string_buffer(512), _call("conf_new")
        _call("conf_set", settings, b"log_level", b"0", said, len(said))
        self._client = _call("new", 0, settings, said, len(said))
        assert self._client, said.value
        self._cluster = _call("mock_cluster_new", self._client, 1)
        self.address: str = _call("mock_cluster_bootstraps", self._cluster).decode()

    def close(self) -> None:
        """End the broker."""
        _call("mock_cluster_destroy", self._cluster)
        _call("destroy", self._client)

    def go_down(self) -> None:
        """Close every connection, and take no other."""
        _call("mock_broker_set_down", self._cluster, 1)

    def come_up(self) -> None:
        """Take connections again."""
        _call("mock_broker_set_up", self._cluster, 1)

    def answer_after(self, pause_ms: int) -> None:
        """Be slow."""
        _call("mock_broker_set_rtt", self._cluster, 1, pause_ms)

    def answer_with(self, *codes: int) -> None:
        """Answer the next requests to store messages with these errors, one each."""
        array = (c_int * len(codes))(*codes)
        _call("mock_push_request_errors_array", self._cluster, PRODUCE, len(codes), array)

    def make_topic(self, topic: str, partitions: int) -> None:
        """Have a topic of so many partitions; one that is not made so has four, made when it is asked for."""
        assert _call("mock_topic_create", self._cluster, topic.encode(), partitions, 1) == 0

    def fail_topic(self, topic: str, code: int) -> None:
        """Say this whenever somebody asks for a topic."""
        _call("mock_topic_set_error", self._cluster, topic.encode(), code)

    def arrived(self, topic: str = "otlp_spans") -> list[Arrived]:
        """Return all messages of a topic: by partition, and in the order of each."""
        settings = {"bootstrap.servers": self.address, "group.id": "test", "fetch.wait.max.ms": 10}
        consumer = Consumer({**settings, "log_level": 0})
        try:
            messages = list(_read(consumer, topic))
        finally:
            consumer.close()
        messages.sort(key=lambda message: (message.partition(), message.offset()))
        return [Arrived(each.partition(), each.key(), each.value(), each.headers()) for each in messages]


def _read(consumer: Consumer, topic: str) -> Iterator[Message]:
    known = consumer.list_topics(topic, timeout=PATIENCE_S).topics[topic].partitions
    places = [TopicPartition(topic, partition, 0) for partition in known]
    left = sum(consumer.get_watermark_offsets(place, timeout=PATIENCE_S)[1] for place in places)
    consumer.assign(places)
    while left:
        message = consumer.poll(PATIENCE_S)
        assert message is not None, f"{left} messages are missing"
        assert message.error() is None, message.error()
        yield message
        left -= 1
