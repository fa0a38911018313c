"""Hand finished spans to one exporter, in batches, from one worker.

The application's thread only appends to a deque: no lock, no wake-up for each span. The worker is woken
when a batch is ready. Whoever waits for the worker polls instead of holding a lock, so that nothing here
can deadlock in a signal handler, after a fork, or when gevent is patched in half-way.
"""

from __future__ import annotations

import _thread
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan import _trouble
from midspan.sdk._tally import Tallies, Tally
from midspan.trace import suppressed

if TYPE_CHECKING:
    from midspan.sdk._exporter import ExporterHandle
    from midspan.trace import Span

__all__ = ["BatchQueue", "BatchSettings", "ExporterStats"]

_FIRST_POLL_S: Final = 0.0002
_LAST_POLL_S: Final = 0.02


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
    """A marker in the queue: everything before it has been tried once `done` is true."""

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
        self._queue: deque[Any] = deque()
        self._worker: _Worker | None = None
        self._starting = _thread.allocate_lock()
        self._flush_wanted = False
        self._closed = False
        self._in_flight = 0
        self._failures = 0
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
        elif waiting + 1 >= self._batch_size:
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
        # Taken once and kept: of all threads that end their first span together, one starts the worker.
        if not self._starting.acquire(blocking=False):
            return
        worker = _Worker(self)
        try:
            worker.start()
        except Exception as error:  # noqa: BLE001 - no thread to be had now: the next span tries again
            self._starting.release()
            _trouble.report("worker.not_started", "the export worker could not be started", error=error)
        else:
            self._worker = worker

    def force_flush(self, deadline_s: float) -> bool:
        """Export what is queued; say whether all of it was accepted before `deadline_s` (monotonic)."""
        marker = _Flush(self._failures)
        self._queue.append(marker)
        self._flush_wanted = True
        if self._worker is None:
            self._start_worker()
        worker = self._worker
        if worker is not None:
            worker.wake()
        _poll(lambda: marker.done, deadline_s)
        return marker.done and self._failures == marker.failures_before

    def shutdown(self, deadline_s: float) -> bool:
        """Take no more, export what is queued, shut the exporter down; False if that was not all done."""
        if self._closed:
            return True
        flushed = self.force_flush(deadline_s)
        self._closed = True
        worker = self._worker
        if worker is None:
            return flushed
        worker.stop(deadline_s)
        return flushed and _poll(lambda: worker.ended, deadline_s)

    def after_fork(self) -> None:
        """In the child: the parent's unsent spans are the parent's, and its worker did not come along."""
        closed = self._closed
        self._begin()
        self._closed = closed

    def stats(self) -> ExporterStats:
        """Return the account so far."""
        queued = sum(not isinstance(item, _Flush) for item in _snapshot(self._queue)) + self._in_flight
        exported, dropped = self._exported.value, self._dropped.values()
        return ExporterStats(exported + queued + sum(dropped.values()), exported, queued, dropped)

    def drain(self, *, everything: bool) -> None:
        """Export full batches, and with `everything` (or when a flush waits) the rest; in the worker only."""
        queue = self._queue
        if self._flush_wanted:
            self._flush_wanted = False
            everything = True
        while queue and (everything or len(queue) >= self._batch_size):
            batch, marker = self._take()
            if batch:
                self._export(batch)
            if marker is not None:
                marker.done = True

    def _take(self) -> tuple[list[Span], _Flush | None]:
        """Take one batch off the queue, up to a marker."""
        queue = self._queue
        batch: list[Span] = []
        while len(batch) < self._batch_size and queue:
            # Counted before it leaves the queue: an account taken in between is never short.
            self._in_flight = len(batch) + 1
            item = queue.popleft()
            if isinstance(item, _Flush):
                self._in_flight = len(batch)
                return batch, item
            batch.append(item)
        return batch, None

    def _export(self, batch: list[Span]) -> None:
        accepted = self._exporter.export_spans(batch, self._settings.export_timeout_s)
        if accepted:
            self._exported.add(len(batch))
        else:
            self._failures += 1
            self._dropped.add("export_failed", len(batch))
        self._in_flight = 0

    @property
    def schedule_delay_s(self) -> float:
        """How long a span waits at most for its batch to fill."""
        return self._settings.schedule_delay_s

    def close_exporter(self, deadline_s: float) -> None:
        """Shut the exporter down; runs in the worker only."""
        self._exporter.shutdown(max(0.0, deadline_s - time.monotonic()))


class _Worker:
    """The thread that drains a queue. It outlives whatever an exporter does to it."""

    __slots__ = ("_lock", "_queue", "_stop_at", "ended")

    def __init__(self, queue: BatchQueue) -> None:
        self._queue = queue
        self._stop_at: float | None = None
        self.ended = False
        # Made together with the thread, so that both are gevent's or both are the system's.
        self._lock = _thread.allocate_lock()
        self._lock.acquire()

    def start(self) -> None:
        # Not threading.Thread: its start() waits on locks, and a signal handler may end the first span.
        _thread.start_new_thread(self._run, ())

    def wake(self) -> None:
        """Let the worker look at its queue; never waits."""
        try:  # noqa: SIM105 - `suppress` costs five times as much
            self._lock.release()
        except RuntimeError:
            pass  # It was awake already.

    def stop(self, deadline_s: float) -> None:
        """Ask the worker to end, and the exporter to be done by `deadline_s` (monotonic)."""
        self._stop_at = deadline_s
        self.wake()

    def _run(self) -> None:
        with suppressed():
            while True:
                on_time = self._lock.acquire(timeout=self._queue.schedule_delay_s)
                try:
                    self._queue.drain(everything=not on_time or self._stop_at is not None)
                    if self._stop_at is not None:
                        self._queue.close_exporter(self._stop_at)
                        break
                except BaseException as error:  # noqa: BLE001 - nothing may end the worker
                    _trouble.report(
                        "worker.raised", "the export worker met an error and goes on", error=error
                    )
        self.ended = True


def _poll(done: Any, deadline_s: float) -> bool:  # noqa: ANN401 - a function without arguments
    """Wait until `done()` or until the deadline; return the last answer."""
    pause_s = _FIRST_POLL_S
    while not done():
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            return bool(done())
        time.sleep(min(pause_s, left_s))
        pause_s = min(pause_s * 2, _LAST_POLL_S)
    return True


def _snapshot(queue: deque[Any]) -> list[Any]:
    while True:
        try:
            return list(queue)
        except RuntimeError:  # It changed while it was read: once more.
            continue
