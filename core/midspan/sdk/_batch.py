"""Hand finished spans to one exporter, in batches, from one worker.

The application's thread only appends to a deque: no lock, no wake-up for each span. The worker is woken
when a batch is ready.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from midspan import _trouble
from midspan.sdk._feeder import Feeder
from midspan.sdk._waiting import seconds_left

if TYPE_CHECKING:
    from midspan.sdk._account import ExporterStats
    from midspan.sdk._feeder import Flush
    from midspan.sdk._routes import Route
    from midspan.trace import Span

__all__ = ["BatchQueue", "BatchSettings"]


# Of the specification's "Batching processor".
_BATCH_SIZE: Final = 512
# What a batch may grow to while another one is on its way: so the worker keeps up with the application, and
# what is encoded at a time takes little memory.
_LARGER_BATCH: Final = 2_048
# What it may grow to while the backend is slower than spans come.
_LARGEST_BATCH: Final = 8_192
# What a batch should not take once it is encoded: too large for one request, it would be encoded twice.
_BODY_BYTES: Final = 3_000_000
# What a span takes in memory beside what is written of it: the record itself, and its place in the queue.
_SPAN_BYTES: Final = 600
# Of what is written of a span, most is in memory as text, which takes about so many times as much.
_TEXT_FACTOR: Final = 2


class BatchSettings(NamedTuple):
    """How spans wait (OpenTelemetry specification, "Batching processor").

    The queue is bounded twice: by `max_queue_size`, and by `max_queue_bytes`, an estimate that goes by what
    the spans before took. A batch leaves as soon as there are 512 spans (or `max_export_batch_size`, if that
    is less), and at the latest after `schedule_delay_s`. Where no `max_export_batch_size` is given, batches
    grow up to 2,048 spans while another one is on its way, and up to 8,192 while the backend is slower than
    they come.
    """

    max_queue_size: int = 131_072
    max_export_batch_size: int | None = None
    schedule_delay_s: float = 5.0
    export_timeout_s: float = 30.0
    max_queue_bytes: int = 64 * 1024 * 1024


class BatchQueue(Feeder):
    """A bounded queue and the worker that empties it."""

    def __init__(self, route: Route, settings: BatchSettings) -> None:
        self._settings = settings
        self._max_size = settings.max_queue_size
        self._largest_batch = min(settings.max_export_batch_size or _LARGEST_BATCH, settings.max_queue_size)
        self._batch_size = min(_BATCH_SIZE, self._largest_batch)
        super().__init__(route, settings.schedule_delay_s)
        route.when_free(self._go_on)

    def _begin(self) -> None:
        """Start with nothing queued and nothing counted; after a fork, again."""
        super()._begin()
        self._queue: deque[Span] = deque()
        self._in_flight = 0
        # How many wait when the span comes that wakes the worker.
        self._last_of_batch = self._batch_size - 1

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

    def _go_on(self) -> None:
        """Look whether there is a batch, now that an earlier one has left."""
        if self._worker is not None and len(self._queue) >= self._batch_size:
            self._worker.wake()
        elif not self._route.under_way:
            # It was to be a larger one for as long as that took; the next need not be.
            self._last_of_batch = self._batch_size - 1

    def _refuse(self) -> None:
        if self._closed:
            self._route.account.dropped.add("shutdown")
            _trouble.report("queue.closed", "spans ended after the pipeline was shut down; they are dropped")
        else:
            self._route.account.dropped.add("queue_full")
            _trouble.report("queue.full", "spans come faster than %s takes them: dropped", self._route.name)

    def stats(self) -> ExporterStats:
        """Return the account so far."""
        return self._route.account.stats(self.waiting())

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
                if not self._has_enough():
                    return
                left = 1
            elif not self._closed and (not self._route.has_room or _is_over(deadline_s)):
                flushes.extendleft(waiting)
                return
            else:
                batch = self._take()
                left -= len(batch) or left
                if batch:
                    self._export(batch, deadline_s)

    def _has_enough(self) -> bool:
        """Say whether it is time for a batch: for a larger one while others are on their way."""
        enough, under_way = self._batch_size, self._route.under_way
        if under_way:
            larger = self._largest_batch if under_way > 1 else min(_LARGER_BATCH, self._largest_batch)
            enough = max(enough, min(larger, self._max_size // 2))
        # No span need wake the worker before there are as many; and none at all if there is no room for them:
        # the route does, when something has left.
        self._last_of_batch = enough - 1 if self._route.has_room else self._max_size
        if not self._route.under_way:
            # It may have become free just before that line, and `_go_on` may have come too early.
            enough = self._batch_size
            self._last_of_batch = enough - 1
        return self._route.has_room and len(self._queue) >= enough

    def _take(self) -> list[Span]:
        """Take one batch off the queue: the largest if there are as many, else a larger one at most."""
        waiting, largest = len(self._queue), self._largest_batch
        count = largest if waiting >= largest else min(waiting, _LARGER_BATCH)
        # Counted before it leaves the queue: an account taken in between is never short.
        self._in_flight = count
        take_one = self._queue.popleft
        # Nobody else takes any, so there are as many.
        return [take_one() for _ in range(count)]

    def _export(self, batch: list[Span], deadline_s: float | None) -> None:
        timeout_s = self._settings.export_timeout_s
        if deadline_s is not None:
            timeout_s = min(timeout_s, seconds_left(deadline_s))
        try:
            if timeout_s:
                self._route.send(batch, timeout_s)
            else:
                self._route.account.drop("shutdown", len(batch))
        except BaseException as error:  # noqa: BLE001 - a KeyboardInterrupt of its own making, or strict mode
            _trouble.note("worker.raised", "the export worker met an error and goes on", error=error)
        self._in_flight = 0
        self._bound_bytes()

    def _bound_bytes(self) -> None:
        """Let the queue, and a batch, hold as many spans as their bytes allow, by what the last ones took."""
        settings, written = self._settings, self._route.item_bytes
        fits = max(settings.max_queue_bytes // (_SPAN_BYTES + _TEXT_FACTOR * written), 1)
        self._max_size = min(settings.max_queue_size, fits)
        largest = min(settings.max_export_batch_size or _LARGEST_BATCH, settings.max_queue_size)
        self._largest_batch = min(largest, max(_BODY_BYTES // max(written, 1), 1))
        self._batch_size = min(_BATCH_SIZE, self._largest_batch, max(fits // 2, 1))

    def waiting(self) -> int:
        """Return how many spans are queued or on their way."""
        return len(self._queue) + self._in_flight

    @property
    def capacity(self) -> int:
        """How many spans may be queued."""
        return self._max_size


def _is_over(deadline_s: float | None) -> bool:
    return deadline_s is not None and not seconds_left(deadline_s)
