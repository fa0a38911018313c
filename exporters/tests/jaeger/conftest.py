"""An agent and a collector on loopback, which keep what they are sent."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from exporters.tests.jaeger._oracle import batch_of_call
from exporters.tests.otlp.conftest import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator


class Agent:
    """A socket that takes datagrams; the system keeps them until somebody looks."""

    def __init__(self, port: int = 0) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024 * 1024)
        self._socket.bind(("127.0.0.1", port))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self.datagrams: list[bytes] = []

    def batches(self) -> list[Any]:
        """Return what was received so far: on loopback, all that was sent."""
        try:
            while True:
                self.datagrams.append(self._socket.recv(65_536))
        except BlockingIOError:
            return [batch_of_call(datagram) for datagram in self.datagrams]

    def names(self) -> list[str]:
        """Return the names of all spans received, in order."""
        return [span.operationName for batch in self.batches() for span in batch.spans]

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


@pytest.fixture
def agent() -> Iterator[Agent]:
    """Return an agent."""
    agent = Agent()
    yield agent
    agent.close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Return a collector that takes what it is sent, as Jaeger's does."""
    collector = Collector()
    collector.answer = (202, {}, b"")
    yield collector
    collector.close()
