"""Hand finished spans to one exporter, in batches, from one worker.

The application's thread only appends to a deque: no lock, no wake-up for each span. The worker is woken
when a batch is ready. Whoever waits for the worker polls instead of holding a lock, so that nothing here
can deadlock in a signal handler, after a fork, or when gevent is patched in half-way.
"""

from __future__ import annotations

import functools
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from midspan import _trouble
from midspan._native import allocate_lock
from midspan._tally import Tallies, Tally
from midspan.sdk._waiting import poll, seconds_left
from midspan.sdk._worker import Worker
from midspan.trace import suppressed

if TYPE_CHECKING:
    from midspan.sdk._exporter import ExporterHandle
    from midspan.sdk._waiting import Wait
    from midspan.trace import Span

__all__ = ["BatchQueue", "BatchSettings", "ExporterStats"]

# A worker that never waited would take a whole core.
_SHORTEST_DELAY_S: Final = 0.01


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


class _Flush:
    """Somebody's wish: everything that was queued before it has been tried once `done` is true."""

    __slots__ = ("done", "failures_before")

    def __init__(self, failures_before: int) -> None:
        self.done = False
        self.failures_before = failures_before


class BatchQueue:
    """A bounded queue and the worker that empties it."""

    def __init__(self, exporter: ExporterHandle, settings: BatchSettings) -> None:
        self._exporter = exporter
        self._settings = settings
        self._max_size = settings.max_queue_size
        self._batch_size = min(settings.max_export_batch_size, settings.max_queue_size)
        self._begin()

    def _begin(self) -> None:
        """Start with nothing queued and nothing counted; after a fork, again."""
        self._queue: deque[Span] = deque()
        self._flushes: deque[_Flush] = deque()
        self._worker: Worker | None = None
        self._starting = allocate_lock()
        self._closed = False
        self._in_flight = 0
        self._failures = 0
        self._is_shut = False
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
            self._start_worker()
        elif waiting + 1 >= self._batch_size and not worker.awake:
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

    def _start_worker(self) -> None:
        # Of all threads that end their first span together one starts the worker, and nobody waits for it.
        if not self._starting.acquire(blocking=False):
            return
        try:
            if self._worker is None:
                worker = Worker(self, max(self._settings.schedule_delay_s, _SHORTEST_DELAY_S))
                worker.start()
                self._worker = worker
        except RuntimeError as error:  # No thread to be had now: the next span tries again.
            # From Python 3.12 on this is what happens to every program that is ending; whoever flushes will
            # do the work, so there is nothing to tell.
            if "interpreter shutdown" not in str(error):
                _trouble.report("worker.not_started", "the export worker could not be started", error=error)
        finally:
            self._starting.release()

    def begin_flush(self, deadline_s: float) -> Wait:  # noqa: ARG002 - the wait has it
        """Have exported what is queued; the wait says whether all of it was accepted in time."""
        marker = self._mark()
        if self._worker is not None:
            self._worker.wake()
        return functools.partial(self._flushed, marker)

    def begin_shutdown(self, deadline_s: float) -> Wait:
        """Take no more, and have the rest exported and the exporter shut down by `deadline_s` (monotonic)."""
        self._closed = True
        marker = self._mark()
        if self._worker is not None:
            self._worker.stop(deadline_s)
        return functools.partial(self._shut, marker)

    def _mark(self) -> _Flush:
        marker = _Flush(self._failures)
        self._flushes.append(marker)
        if self._worker is None:
            self._start_worker()
        return marker

    def _flushed(self, marker: _Flush, deadline_s: float) -> bool:
        worker = self._worker
        if worker is None:
            self._drain_here(deadline_s)
        # A worker that has ended will not come to the marker any more, nor to anything else.
        poll(lambda: marker.done or (worker is not None and worker.ended), deadline_s)
        tried = marker.done or not self.stats().queued
        return tried and self._failures == marker.failures_before

    def _shut(self, marker: _Flush, deadline_s: float) -> bool:
        worker = self._worker
        if worker is None:
            flushed = self._flushed(marker, deadline_s)
            self.close_exporter(deadline_s)
            return flushed
        ended = poll(lambda: worker.ended, deadline_s)
        return ended and self._flushed(marker, deadline_s)

    def _drain_here(self, deadline_s: float) -> None:
        """Do the worker's work in the thread that waits for it, where no other thread can be had."""
        if self._starting.acquire(blocking=False):
            try:
                with suppressed():
                    self.drain(everything=True, deadline_s=deadline_s)
            finally:
                self._starting.release()

    def after_fork(self) -> None:
        """In the child: the parent's unsent spans are the parent's, and its worker did not come along."""
        closed = self._closed
        self._begin()
        self._closed = closed

    def stats(self) -> ExporterStats:
        """Return the account so far."""
        queued = len(self._queue) + self._in_flight
        exported, dropped = self._exported.value, self._dropped.values()
        return ExporterStats(exported + queued + sum(dropped.values()), exported, queued, dropped)

    def drain(self, *, everything: bool, deadline_s: float | None = None) -> None:
        """Export full batches, and with `everything` (or when a flush waits) the rest; in the worker only.

        What a deadline (monotonic seconds) leaves no time for stays; it is dropped if the queue is closed.
        """
        queue, flushes = self._queue, self._flushes
        left = len(queue) if everything else 0
        waiting: list[_Flush] = []
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
        batch: list[Span] = []
        count = min(len(self._queue), self._batch_size)
        # Counted before it leaves the queue: an account taken in between is never short.
        self._in_flight = count
        pop, keep = self._queue.popleft, batch.append
        try:
            for _ in range(count):
                keep(pop())
        except IndexError:  # Somebody who could not wait for the worker took some.
            self._in_flight = len(batch)
        return batch

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

    def close_exporter(self, deadline_s: float) -> None:
        """Shut the exporter down, once; in the worker only."""
        if self._is_shut:
            return
        self._is_shut = True
        try:
            self._exporter.shutdown(seconds_left(deadline_s))
        except BaseException as error:  # noqa: BLE001 - as above
            _trouble.note("worker.raised", "the export worker met an error while it ended", error=error)
