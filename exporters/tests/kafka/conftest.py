from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporters.tests.kafka._cluster import Cluster
from exporters.tests.otlp.conftest import Collector, server_tls
from midspan.exporters.kafka import KafkaExporter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Return a broker of the test's own."""
    cluster = Cluster()
    yield cluster
    cluster.close()


@pytest.fixture
def careful(cluster: Cluster) -> Iterator[Callable[..., KafkaExporter]]:
    """Return a function that makes an exporter to the broker, which nothing outside the test configures."""
    made = []

    def make(**options: object) -> KafkaExporter:
        made.append(KafkaExporter(cluster.address, environment={}, **options))
        return made[-1]

    yield make
    for each in made:
        each.shutdown(1)


@pytest.fixture
def exporter(careful: Callable[..., KafkaExporter]) -> Callable[..., KafkaExporter]:
    """Return the same without Kafka's idempotence: to agree on that with the broker takes half a second."""

    def make(config: dict[str, object] | None = None, **options: object) -> KafkaExporter:
        return careful(config={"enable.idempotence": False, **(config or {})}, **options)

    return make


@pytest.fixture
def stranger() -> Iterator[str]:
    """Return the address of a server whose certificate nobody trusts."""
    server = Collector(server_tls())
    yield f"127.0.0.1:{server.port}"
    server.close()
