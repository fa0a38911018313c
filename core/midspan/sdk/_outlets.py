"""Where telemetry leaves the pipeline: what it asks of a sink of spans, and of a reader of metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from midspan.sdk._account import ExporterStats
    from midspan.sdk._meters import Meters
    from midspan.sdk._waiting import Wait
    from midspan.trace import Span

__all__ = ["MetricReader", "Sink"]


class Sink(Protocol):
    """Where spans leave the pipeline: a batch queue, or a direct call."""

    def put(self, span: Span) -> None:
        """Take a finished span, without waiting."""
        ...

    def begin_flush(self, deadline_s: float) -> Wait:
        """Begin to export what waits, until the deadline (monotonic seconds)."""
        ...

    def begin_shutdown(self, deadline_s: float) -> Wait:
        """Begin to export what waits and to close, until the deadline (monotonic seconds)."""
        ...

    def after_fork(self) -> None:
        """Begin anew in a child process."""
        ...

    def stats(self) -> ExporterStats:
        """Return the account so far."""
        ...


class MetricReader(Protocol):
    """Whoever collects metrics: at an interval, when the pipeline is flushed, or when asked."""

    @property
    def name(self) -> str:
        """What the reader is called in an account."""
        ...

    def attach(self, meters: Meters) -> None:
        """Begin to read."""
        ...

    def detach(self) -> None:
        """Read no more."""
        ...

    def instruments_came(self) -> None:
        """Learn that there is something to collect."""
        ...

    def begin_flush(self, deadline_s: float) -> Wait:
        """Begin to push what there is now, until the deadline (monotonic seconds)."""
        ...

    def begin_shutdown(self, deadline_s: float) -> Wait:
        """Begin to push a last time and to close, until the deadline (monotonic seconds)."""
        ...

    def after_fork(self) -> None:
        """Begin anew in a child process."""
        ...
