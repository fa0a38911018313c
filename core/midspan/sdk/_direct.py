"""Hand each finished span to an exporter at once, in the thread that ended it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from midspan.sdk._account import Account
from midspan.trace import suppressed

if TYPE_CHECKING:
    from midspan.sdk._account import ExporterStats
    from midspan.sdk._exporter import ExporterHandle
    from midspan.sdk._waiting import Wait
    from midspan.trace import Span

__all__ = ["Direct"]


class Direct:
    """What the specification calls the simple processor: for memory, tests and debugging."""

    def __init__(self, exporter: ExporterHandle, timeout_s: float) -> None:
        self._exporter = exporter
        self._timeout_s = timeout_s
        self._closed = False
        self._account = Account()

    def put(self, span: Span) -> None:
        """Export one span."""
        if self._closed:
            self._account.drop("shutdown", 1)
            return
        accepted = 0
        try:
            with suppressed():
                accepted = self._exporter.export_spans((span,), self._timeout_s)
        finally:
            # An interrupt goes through, and strict mode raises; the account holds all the same.
            self._account.conclude(accepted, 1)

    def begin_flush(self, deadline_s: float) -> Wait:
        """Let the exporter flush what it holds itself."""
        return self._exporter.begin("force_flush", deadline_s)

    def begin_shutdown(self, deadline_s: float) -> Wait:
        """Take no more, and shut the exporter down."""
        self._closed = True
        return self._exporter.begin("shutdown", deadline_s)

    def after_fork(self) -> None:
        """In the child: the parent's account is the parent's."""
        self._account = Account()

    def stats(self) -> ExporterStats:
        """Return the account so far; nothing ever waits here."""
        return self._account.stats(0)
