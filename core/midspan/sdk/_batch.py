"""Hand finished spans to one exporter, in batches, from one worker.

The application's thread only appends to a deque: no lock, no wake-up for each span. The worker is woken
when a batch is ready.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from midspan import _trouble
from midspan._tally import Tallies, Tally
from midspan.sdk._feeder import Feeder
from midspan.sdk._waiting import seconds_left

if TYPE_CHECKING:
    from midspan.sdk._exporter import ExporterHandle
    from midspan.sdk._feeder import Flush
    from midspan.trace import Span

__all__ = ["BatchQueue", "BatchSettings", "ExporterStats"]


class BatchSettings(NamedTuple):
    """How spans wait (OpenTelemetry specification, "Batching processor"; its defaults)."""

    max_queue_size: int = 2048
    max_export_batch_size: int = 512
    schedule_delay_s: float = 5.0
    export_timeout_s: float = 30.0


class ExporterStats(NamedTuple):
    """The account of one exporter, in spans: `accepted == exported + queued + sum(dropped.values())`."""

    accepted: int
    exported: int
    queued: int
    dropped: dict[str, int]


class BatchQueue(Feeder):
    """A bounded queue and the worker that empties it."""

    def __init__(self, exporter: ExporterHandle, settings: BatchSettings) -> None:
        self._settings = settings
        self._max_size = settings.max_queue_size
        self._batch_size = min(settings.max_export_batch_size, settings.max_queue_size)
        # How many wait when the span comes that fills a batch.
        self._last_of_batch = self._batch_size - 1
        super().__init__(exporter, settings.schedule_delay_s)

    def _begin(self) -> None:
        """Start with nothing queued and nothing counted; after a fork, again."""
        super()._begin()
        self._queue: deque[Span] = deque()
        self._in_flight = 0
        self._exported = Tally()
        self._dropped = Tallies()

    def put(self, span: Span) -> None:
        """Take a finished span; count it as dropped if the queue is full or closed. Never waits."""
        queue = self._queue
        waiting = len(queue)
        if waiting >= self._max_size or self._closed:
            self._refuse()
            return
        queue.append(span)
        worker = self._worker
        if worker is None:
            self.start_worker()
            worker = self._worker
            if worker is not None and waiting >= self._last_of_batch:
                worker.wake()
        elif waiting >= self._last_of_batch and not worker.awake:
            worker.wake()

    def _refuse(self) -> None:
        if self._closed:
            self._dropped.add("shutdown")
            _trouble.report("queue.closed", "spans ended after the pipeline was shut down; they are dropped")
        else:
            self._dropped.add("queue_full")
            _trouble.report(
                "queue.full", "spans come faster than %s takes them: dropped", self._exporter.name
            )

    def stats(self) -> ExporterStats:
        """Return the account so far."""
        queued = self.waiting()
        exported, dropped = self._exported.value, self._dropped.values()
        return ExporterStats(exported + queued + sum(dropped.values()), exported, queued, dropped)

    def drain(self, *, everything: bool, deadline_s: float | None = None) -> None:
        """Export full batches, and with `everything` (or when a flush waits) the rest; in the worker only.

        What a deadline (monotonic seconds) leaves no time for stays; it is dropped if the queue is closed.
        """
        queue, flushes = self._queue, self._flushes
        left = len(queue) if everything else 0
        waiting: list[Flush] = []
        while True:
            if flushes:
                # Spans leave in the order in which they came: what a flush asks for is what is here now.
                waiting.append(flushes.popleft())
                left = len(queue)
            elif left <= 0:
                for flush in waiting:
                    flush.done = True
                waiting.clear()
                if len(queue) < self._batch_size:
                    return
                left = 1
            elif deadline_s is not None and not self._closed and not seconds_left(deadline_s):
                flushes.extendleft(waiting)
                return
            else:
                batch = self._take()
                left -= len(batch) or left
                if batch:
                    self._export(batch, deadline_s)

    def _take(self) -> list[Span]:
        """Take one batch off the queue."""
        count = min(len(self._queue), self._batch_size)
        # Counted before it leaves the queue: an account taken in between is never short.
        self._in_flight = count
        take_one = self._queue.popleft
        # Nobody else takes any, so there are as many.
        return [take_one() for _ in range(count)]

    def _export(self, batch: list[Span], deadline_s: float | None) -> None:
        timeout_s = self._settings.export_timeout_s
        if deadline_s is not None:
            timeout_s = min(timeout_s, seconds_left(deadline_s))
        reason = "export_failed" if timeout_s else "shutdown"
        accepted = False
        try:
            accepted = bool(timeout_s) and self._exporter.export_spans(batch, timeout_s)
        except BaseException as error:  # noqa: BLE001 - a KeyboardInterrupt of its own making, or strict mode
            _trouble.note("worker.raised", "the export worker met an error and goes on", error=error)
        if accepted:
            self._exported.add(len(batch))
        else:
            self._failures += 1
            self._dropped.add(reason, len(batch))
        self._in_flight = 0

    def waiting(self) -> int:
        """Return how many spans are queued or on their way."""
        return len(self._queue) + self._in_flight

    @property
    def capacity(self) -> int:
        """How many spans may be queued."""
        return self._max_size
