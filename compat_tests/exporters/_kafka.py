"""noida, a broker that nobody here wrote, and a consumer that knows nothing of midspan."""

from __future__ import annotations

import contextlib
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient, NewTopic
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from compat_tests.exporters.conftest import free_port, python_with, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

__all__ = ["PARTITIONS", "Broker", "Read", "spans_in"]

PARTITIONS = 6
PATIENCE_S = 20.0
# One that came twice would come soon after the first.
QUIET_S = 0.3


class Read(NamedTuple):
    """A message, and who read it."""

    reader: int
    partition: int
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]] | None


def spans_in(messages: list[Read]) -> list[Span]:
    """Return the spans of messages, decoded by OpenTelemetry's own classes."""
    return [
        span
        for message in messages
        for of_resource in ExportTraceServiceRequest.FromString(message.value).resource_spans
        for of_scope in of_resource.scope_spans
        for span in of_scope.spans
    ]


class Broker:
    """A broker that keeps its data, so that it can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.address = f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen. The program is started itself: what pip puts on the path stands between it and a signal."""
        packages = python_with("noida").parent.parent
        (program,) = packages.glob("lib/python*/site-packages/noida_db/noida-db")
        command = [str(program), "start", "--data-dir", str(self._folder / "data")]
        command += ["--only", "kafka", "--kafka-port", str(self._port)]
        log = self._folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output)
        wait_for(self._process, self._port, log)

    def stop(self) -> None:
        """Save the data and go away."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE_S)
            self._process = None

    def make_topic(self, topic: str, partitions: int = PARTITIONS) -> str:
        """Make a topic of some partitions; return its name."""
        client = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        wanted = NewTopic(topic, num_partitions=partitions, replication_factor=1)
        client.create_topics([wanted])[topic].result()
        return topic

    def read(self, topic: str, spans: int = 0, *, messages: int = 0, readers: int = 1) -> list[Read]:
        """Return what the readers of a group find, until it is so many spans or messages and no more come."""
        with self._group(topic, readers) as consumers:
            found: list[Read] = []
            deadline_s, quiet_s = time.monotonic() + PATIENCE_S, time.monotonic()
            while time.monotonic() < deadline_s:
                for reader, consumer in enumerate(consumers):
                    for got in consumer.consume(1000, 0.05):
                        if got.error() is None:
                            quiet_s = time.monotonic()
                            found.append(Read(reader, got.partition(), got.key(), got.value(), got.headers()))
                is_all = len(found) >= messages and not (spans and len(spans_in(found)) < spans)
                if is_all and time.monotonic() - quiet_s > QUIET_S:
                    break
            return found

    @contextlib.contextmanager
    def _group(self, topic: str, readers: int) -> Iterator[list[Consumer]]:
        settings = {
            "bootstrap.servers": self.address,
            "group.id": f"{topic}-{time.monotonic_ns()}",
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 50,
        }
        consumers = [Consumer(settings) for _ in range(readers)]
        try:
            for consumer in consumers:
                consumer.subscribe([topic])
            yield consumers
        finally:
            for consumer in consumers:
                consumer.close()
