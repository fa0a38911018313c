"""Feed an exporter from a worker: what batches of spans and collections of metrics have in common.

A subclass says what to do when there is work (`drain`) and what still waits (`waiting`). Whoever waits for
the worker polls instead of holding a lock, so that nothing here can deadlock in a signal handler, after a
fork, or when gevent is patched in half-way.
"""

from __future__ import annotations

import _thread
import functools
from collections import deque
from typing import TYPE_CHECKING, Final

from midspan import _trouble
from midspan._native import TooEarlyError, allocate_lock
from midspan.sdk._waiting import poll, seconds_left
from midspan.sdk._worker import Worker
from midspan.trace import suppressed

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.sdk._account import ExporterStats
    from midspan.sdk._routes import Route
    from midspan.sdk._waiting import Wait

__all__ = ["Feeder", "Flush"]

# A worker that never waited would take a whole core.
_SHORTEST_DELAY_S: Final = 0.01


class Flush:
    """Somebody's wish: everything that waited before it has been tried once `done` is true."""

    __slots__ = ("done", "failures_before")

    def __init__(self, failures_before: int) -> None:
        self.done = False
        self.failures_before = failures_before


class Feeder:
    """A way to an exporter, the worker that feeds it, and those who wait for that."""

    def __init__(self, route: Route, delay_s: float) -> None:
        self._route = route
        self._delay_s = min(max(delay_s, _SHORTEST_DELAY_S), _thread.TIMEOUT_MAX)
        # Called at every turn of the worker; the pipeline sets it.
        self.on_turn: Callable[[], object] | None = None
        self._begin()

    def _begin(self) -> None:
        """Start with no worker and no wishes; after a fork, again."""
        self._flushes: deque[Flush] = deque()
        self._worker: Worker | None = None
        self._starting = allocate_lock()
        self._closed = False
        self._is_shut = False

    def drain(self, *, everything: bool, deadline_s: float | None = None) -> None:
        """Do the work that is ready, or all that there is, until the deadline (monotonic seconds)."""
        raise NotImplementedError

    def turn(self, *, everything: bool, deadline_s: float | None) -> None:
        """Take one turn; in the worker only."""
        if self.on_turn is not None:
            self.on_turn()
        self.drain(everything=everything, deadline_s=deadline_s)

    def pause_s(self) -> float:
        """Return how long work may wait for more of it."""
        return self._delay_s

    def stats(self) -> ExporterStats:
        """Return the account so far."""
        raise NotImplementedError

    def waiting(self) -> int:
        """Return how much has not been tried yet."""
        raise NotImplementedError

    def start_worker(self) -> None:
        """Start the worker, unless it runs."""
        # Of all threads that end their first span together one starts the worker, and nobody waits for it.
        if not self._starting.acquire(blocking=False):
            return
        try:
            if self._worker is None:
                worker = Worker(self)
                worker.start()
                self._worker = worker
        except TooEarlyError:
            if self.waiting():
                _trouble.report("worker.too_early", "spans that end before uWSGI forks leave by a flush only")
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

    def _mark(self) -> Flush:
        marker = Flush(self._route.account.failures)
        self._flushes.append(marker)
        if self._worker is None:
            self.start_worker()
        return marker

    def _flushed(self, marker: Flush, deadline_s: float) -> bool:
        worker = self._started(deadline_s)
        if worker is None:
            self._drain_here(deadline_s)
        elif not marker.done:
            worker.wake()
        # A worker that has ended will not come to the marker any more, nor to anything else.
        poll(lambda: marker.done or (worker is not None and worker.ended), deadline_s)
        tried = (marker.done or not self.waiting()) and self._route.flush(deadline_s)
        return tried and self._route.account.failures == marker.failures_before

    def _shut(self, marker: Flush, deadline_s: float) -> bool:
        worker = self._started(deadline_s)
        if worker is None:
            flushed = self._flushed(marker, deadline_s)
            self.close_exporter(deadline_s)
            return flushed
        if worker.stop_at is None:
            worker.stop(deadline_s)
        ended = poll(lambda: worker.ended, deadline_s)
        return ended and self._flushed(marker, deadline_s)

    def _started(self, deadline_s: float) -> Worker | None:
        """Return the worker; None if no thread can be had. Another thread may be about to start it."""
        poll(lambda: self._worker is not None or not self._starting.locked(), deadline_s)
        return self._worker

    def _drain_here(self, deadline_s: float) -> None:
        """Do the worker's work in the thread that waits for it, where no other thread can be had."""
        if self._starting.acquire(blocking=False):
            try:
                with suppressed():
                    self.drain(everything=True, deadline_s=deadline_s)
            finally:
                self._starting.release()

    def after_fork(self) -> None:
        """In the child: what waited is the parent's, and its worker did not come along."""
        closed = self._closed
        self._route.after_fork()
        self._begin()
        self._closed = closed

    def close_exporter(self, deadline_s: float) -> None:
        """Shut the exporter down, once; in the worker only."""
        if self._is_shut:
            return
        self._is_shut = True
        try:
            if not self._route.shutdown(seconds_left(deadline_s)):
                self._route.account.failures += 1
        except BaseException as error:  # noqa: BLE001 - as above
            self._route.account.failures += 1
            _trouble.note("worker.raised", "the export worker met an error while it ended", error=error)
