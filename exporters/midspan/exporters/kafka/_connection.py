"""Keep one producer of librdkafka's, and part from it when it went wrong or when the process forked."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import Producer

from midspan._forks import after_in_child
from midspan.exporters.kafka._troubles import Troubles

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Connection"]


class Connection:
    """The way to the brokers, opened when it is needed: in a server that forks, by each child for itself."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        """Take librdkafka's properties, and see whether it accepts them.

        Raises:
            KafkaException: It does not.
        """
        self._properties = properties
        self._producer: Producer | None = None
        self.is_closed = False
        self.troubles = Troubles()
        # Without brokers it is made and freed in milliseconds, and asks no network for anything.
        self._opened(**{"bootstrap.servers": ""})
        _connections.add(self)

    def producer(self) -> Producer:
        """Return the producer, making it if there is none."""
        if self._producer is None:
            # Two threads at once may make two: one of them is kept, each serves the call that made it.
            self._producer = self._opened()
        return self._producer

    def _opened(self, **instead: str) -> Producer:
        troubles = self.troubles
        return Producer({**self._properties, **instead, "error_cb": troubles.error}, logger=troubles)

    def discard(self, producer: Producer) -> None:
        """Part from a producer, and from all that it still holds; another is made when it is needed."""
        if self._producer is producer:
            self._producer = None
        producer.purge()

    def close(self) -> None:
        """Let go of the producer; nothing is sent any more."""
        self.is_closed = True
        producer = self._producer
        if producer is not None:
            self.discard(producer)

    def leave_to_parent(self) -> None:
        """In a forked child: forget the producer without touching it.

        Its threads did not come along. Were it ever freed, librdkafka would wait for them, for ever; so one
        reference to it is never given back.
        """
        producer, self._producer = self._producer, None
        if producer is not None:
            import ctypes  # noqa: PLC0415 - only a child needs it

            ctypes.pythonapi.Py_IncRef(ctypes.py_object(producer))


_connections: Final[weakref.WeakSet[Connection]] = weakref.WeakSet()


def _leave_all_to_parent() -> None:
    for connection in list(_connections):
        connection.leave_to_parent()


after_in_child(_leave_all_to_parent)
