"""Listen to what librdkafka says about brokers, keep what explains a failure, and pass on the rest."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaError

from midspan import _trouble

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Troubles"]

# What does not pass by itself in the next moment.
_SEVERE: Final = frozenset({KafkaError._ALL_BROKERS_DOWN, KafkaError._AUTHENTICATION, KafkaError._SSL})
# For how long librdkafka may try: a broker that restarts closes all connections a little earlier than it
# listens again, and one that has closed an idle connection is not away at all.
_GRACE_S: Final = 1.0
_WRONG_CERTIFICATE: Final = "certificate verify failed"
# These lines come as errors, too.
_TOLD: Final = frozenset({"FAIL", "ERROR"})


class Troubles:
    """What went wrong since the last acknowledgement. librdkafka calls it in the thread that sends."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self.begin()

    def begin(self) -> None:
        """Forget what was said before."""
        self._since_s: float | None = None
        # What was said last, for who wants to know why nothing is acknowledged.
        self.last = ""
        # Whether trying again cannot help.
        self.is_final = False

    def progress(self) -> None:
        """Note that a message was acknowledged."""
        self._since_s = None

    @property
    def is_hopeless(self) -> bool:
        """Whether to wait on is no use: all brokers have been away, or unwilling, for too long."""
        return self.is_final or (self._since_s is not None and self._now_s() - self._since_s >= _GRACE_S)

    def error(self, error: KafkaError) -> None:
        """Take an error that is not one message's (librdkafka's `error_cb`)."""
        code, text = error.code(), error.str()
        # That all brokers are down follows the reason why, and says less.
        if code != KafkaError._ALL_BROKERS_DOWN or not self.last:
            self.last = text
        if code in _SEVERE and self._since_s is None:
            self._since_s = self._now_s()
        self.is_final = self.is_final or (code == KafkaError._SSL and _WRONG_CERTIFICATE in text)

    def log(self, level: int, form: str, *parts: str) -> None:
        """Take a line of librdkafka's log (its facility, the producer's name, the text), as a logger does."""
        if level >= logging.WARNING and not _TOLD.intersection(parts[:1]):
            _trouble.note("kafka.log", "librdkafka: %s", form % parts)
