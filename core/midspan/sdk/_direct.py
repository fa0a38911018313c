"""Hand each finished span to an exporter at once, in the thread that ended it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from midspan._tally import Tallies, Tally
from midspan.sdk._account import ExporterStats
from midspan.trace import suppressed

if TYPE_CHECKING:
    from midspan.sdk._exporter import ExporterHandle
    from midspan.sdk._waiting import Wait
    from midspan.trace import Span

__all__ = ["Direct"]


class Direct:
    """What the specification calls the simple processor: for memory, tests and debugging."""

    def __init__(self, exporter: ExporterHandle, timeout_s: float) -> None:
        self._exporter = exporter
        self._timeout_s = timeout_s
        self._begin()

    def _begin(self) -> None:
        self._closed = False
        self._exported = Tally()
        self._dropped = Tallies()

    def put(self, span: Span) -> None:
        """Export one span."""
        if self._closed:
            self._dropped.add("shutdown")
            return
        accepted = 0
        try:
            with suppressed():
                accepted = self._exporter.export_spans((span,), self._timeout_s)
        finally:
            # An interrupt goes through, and strict mode raises; the account holds all the same.
            if accepted:
                self._exported.add()
            else:
                self._dropped.add("export_failed")

    def begin_flush(self, deadline_s: float) -> Wait:
        """Let the exporter flush what it holds itself."""
        return self._exporter.begin("force_flush", deadline_s)

    def begin_shutdown(self, deadline_s: float) -> Wait:
        """Take no more, and shut the exporter down."""
        self._closed = True
        return self._exporter.begin("shutdown", deadline_s)

    def after_fork(self) -> None:
        """In the child: the parent's account is the parent's."""
        closed = self._closed
        self._begin()
        self._closed = closed

    def stats(self) -> ExporterStats:
        """Return the account so far; nothing ever waits here."""
        exported, dropped = self._exported.value, self._dropped.values()
        return ExporterStats(exported + sum(dropped.values()), exported, 0, dropped)
