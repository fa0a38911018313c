"""The thread that drains a queue. It outlives whatever an exporter does to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from midspan import _trouble
from midspan._native import allocate_lock, start_thread
from midspan.trace import suppressed

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Drained", "Worker"]


class Drained(Protocol):
    """What a worker works on."""

    def pause_s(self) -> float:
        """Return how many seconds there is nothing to do unless somebody wakes the worker."""
        ...

    def turn(self, *, everything: bool, deadline_s: float | None) -> None:
        """Take what is ready, or all that there is, until the deadline (monotonic seconds)."""
        ...

    def close_exporter(self, deadline_s: float) -> None:
        """Close what the worker fed."""
        ...


class Worker:
    """Drain something whenever it is woken, and at the latest after the pause that it says itself."""

    __slots__ = ("_lock", "_work", "awake", "ended", "stop_at")

    def __init__(self, work: Drained) -> None:
        self._work = work
        # By when to be done (monotonic seconds); None as long as nobody has asked the worker to end.
        self.stop_at: float | None = None
        self._lock = allocate_lock()
        self._lock.acquire()
        # Told, and not yet looking: whoever fills the queue need not tell it again for every span.
        self.awake = False
        self.ended = False

    def start(self) -> None:
        """Begin. Raises RuntimeError if no thread can be had."""
        start_thread(self._run)

    def wake(self) -> None:
        """Let the worker look at its queue; never waits."""
        self.awake = True
        try:  # noqa: SIM105 - `contextlib.suppress` costs a microsecond, and the hot path comes by here
            self._lock.release()
        except RuntimeError:
            pass  # It was awake already.

    def stop(self, deadline_s: float) -> None:
        """Ask the worker to take the rest and close the exporter, by `deadline_s` (monotonic)."""
        self.stop_at = deadline_s
        self.wake()

    def _run(self) -> None:
        with suppressed():
            while not self._guarded(self._turn):
                pass
        self.ended = True

    def _turn(self) -> bool:
        """Wait once and drain once; say whether that was the last time."""
        on_time = self._lock.acquire(timeout=self._work.pause_s())
        # Before the queue is looked at: what comes from now on tells again.
        self.awake = False
        _trouble.say_what_waits()
        stop_at = self.stop_at
        self._work.turn(everything=not on_time or stop_at is not None, deadline_s=stop_at)
        if stop_at is None:
            return False
        self._work.close_exporter(stop_at)
        return True

    @staticmethod
    def _guarded(turn: Callable[[], bool]) -> bool:
        try:
            return turn()
        except BaseException as error:  # noqa: BLE001 - nothing may end the worker
            _trouble.note("worker.raised", "the export worker met an error and goes on", error=error)
            return False
