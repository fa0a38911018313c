"""Carry parcels to one backend, in a thread of its own, and keep each until its fate is known."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble, delivery
from midspan._native import allocate_lock, sleep
from midspan._signals import let_through
from midspan.delivery import Outcome, Verdict
from midspan.sdk._depot import Depot
from midspan.sdk._holders import Holders
from midspan.sdk._outbox import Parcel
from midspan.sdk._parcels import parcels_of
from midspan.sdk._waiting import poll, seconds_left
from midspan.sdk._worker import Worker
from midspan.trace import suppressed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from midspan.sdk._account import Account
    from midspan.sdk._delivery import DeliverySettings
    from midspan.sdk._spill import Spill

__all__ = ["Courier"]

# A thread that has nothing to do looks around this often all the same; if the disk could not be asked, soon.
_IDLE_S: Final = 60.0
_ASK_AGAIN_S: Final = 1.0
# While the process ends: nobody wants to wait at each exit of a program whose collector is not there.
_LAST_ATTEMPTS: Final = 2
_LAST_PAUSE_S: Final = 0.25
# What the last of it takes: to count what is lost, or to write it down.
_SETTLING_S: Final = 0.25


class Courier:
    """One carrier, the parcels that wait for it, and the thread that sends them."""

    def __init__(  # noqa: PLR0913 - what a test puts in place of the clock and of chance
        self,
        carrier: Any,  # noqa: ANN401 - a Carrier and what it may have besides
        settings: DeliverySettings,
        *,
        request_timeout_s: float,
        spill: Spill | None = None,
        now_s: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._carrier = carrier
        self._settings = settings
        self._request_timeout_s = request_timeout_s
        self._spill = spill
        self._now_s = now_s
        self._chance = chance
        self.name = carrier.name
        # Called when a parcel has left: workers that encode may come with more.
        self.when_free: list[Callable[[], object]] = []
        # Called with a parcel that was sent, what became of it, and how many seconds that took.
        self.when_answered: list[Callable[[Parcel, Outcome, float], object]] = []
        # The signals that share this courier.
        self.holders = Holders()
        self._begin()

    def _begin(self) -> None:
        """Start with nothing to carry and nothing counted; after a fork, again."""
        self._depot = Depot(self.name, self._settings, self._spill, self._now_s, self._chance)
        self._worker: Worker | None = None
        self._starting = allocate_lock()
        self._is_closing = False
        self._failed_last_attempts = 0

    @property
    def accounts(self) -> dict[str, Account]:
        """What became of what was handed over, by signal."""
        return self._depot.accounts

    @property
    def under_way(self) -> int:
        """How many parcels are being sent, or wait for that."""
        return len(self._depot.outbox)

    @property
    def has_room(self) -> bool:
        """Whether more may be handed over."""
        return self._depot.has_room

    def hand_over(self, signal: str, items: Sequence[Any]) -> None:
        """Encode items, and see to it that they arrive or are counted as lost."""
        for parcel in parcels_of(self._carrier, signal, items, self.accounts[signal]):
            self._depot.put(parcel)
        self.start()

    def start(self) -> None:
        """Wake the thread that sends, or start it."""
        if self._worker is not None:
            self._worker.wake()
        elif self._starting.acquire(blocking=False):
            try:
                if self._worker is None:
                    worker = Worker(self)
                    worker.start()
                    self._worker = worker
            except RuntimeError:
                pass  # No thread can be had while the interpreter shuts down: whoever flushes sends.
            finally:
                self._starting.release()

    def pause_s(self) -> float:
        """Return how long there is nothing to do, unless somebody wakes the thread."""
        if self._depot.first() is not None:
            return self._depot.outbox.seconds_to_next()
        return _ASK_AGAIN_S if self._depot.is_disk_busy else _IDLE_S

    def turn(self, *, everything: bool, deadline_s: float | None) -> None:  # noqa: ARG002 - there is always everything to do
        """Send what is due; with a deadline (monotonic seconds), all that can be sent until then."""
        depot = self._depot
        # What is put down at the end is anybody's: it must not be taken, and held, with no time to send it.
        while not self._is_over(deadline_s) and (parcel := depot.first()) is not None:
            wait_s = depot.outbox.seconds_to_next()
            if deadline_s is not None:
                sleep(min(wait_s, _LAST_PAUSE_S, seconds_left(deadline_s)))
            elif wait_s:
                return
            self._attempt(parcel, deadline_s)
            for tell in self.when_free:
                tell()

    def _is_over(self, deadline_s: float | None) -> bool:
        if deadline_s is None:
            return False
        return not seconds_left(deadline_s) or self._failed_last_attempts >= _LAST_ATTEMPTS

    def _attempt(self, parcel: Parcel, deadline_s: float | None) -> None:
        depot, timeout_s = self._depot, self._request_timeout_s
        if deadline_s is not None:
            timeout_s = min(timeout_s, seconds_left(deadline_s))
        depot.begin_attempt(parcel)
        began_s = self._now_s()
        outcome = self._sent(parcel, timeout_s)
        for tell in self.when_answered:
            tell(parcel, outcome, self._now_s() - began_s)
        if outcome.verdict is Verdict.RETRY:
            depot.postpone(parcel, outcome)
            if self._is_closing:
                self._failed_last_attempts += 1
        else:
            depot.settle(
                parcel, outcome, self._halves(parcel) if outcome.verdict is Verdict.TOO_LARGE else ()
            )

    def _sent(self, parcel: Parcel, timeout_s: float) -> Outcome:
        try:
            outcome = self._carrier.send(parcel.signal, parcel.body, timeout_s)
        except OSError as error:
            return delivery.retry(f"{type(error).__name__}: {error}")
        except BaseException as error:
            # In a thread of the application's, what its signal handlers raise is its own.
            if self._worker is None:
                let_through(error)
                if isinstance(error, KeyboardInterrupt):
                    raise
            # An exporter may be anybody's; the thread outlives it.
            return delivery.refused(f"{type(error).__name__}: {error}")
        if isinstance(outcome, Outcome):
            return outcome
        return delivery.refused(f"send() answered {type(outcome).__name__}, not an Outcome")

    def _halves(self, parcel: Parcel) -> Sequence[Parcel]:
        halve = getattr(self._carrier, "halve", None)
        if not callable(halve):
            return []
        try:
            return [Parcel(parcel.signal, body, count) for body, count in halve(parcel.signal, parcel.body)]
        except Exception as error:  # noqa: BLE001 - as above
            _trouble.note("delivery.halve", "%s could not be cut", repr(parcel), error=error)
            return []

    def flush(self, deadline_s: float) -> bool:
        """Wait until what was handed over before has been settled; False if the time did not suffice."""
        depot = self._depot
        goal = depot.outbox.came
        depot.outbox.hurry()
        self.start()
        if self._worker is None:
            self._turn_here(deadline_s)
        poll(lambda: depot.has_settled(goal) or self._has_ended, deadline_s)
        return depot.has_settled(goal)

    def _turn_here(self, deadline_s: float) -> None:
        """Do the work in the thread that waits for it, where no other thread can be had."""
        with suppressed():
            self.turn(everything=True, deadline_s=deadline_s)

    @property
    def _has_ended(self) -> bool:
        return self._worker is not None and self._worker.ended

    def release(self, deadline_s: float) -> bool:
        """Close, if nobody else has the courier any more."""
        return not self.holders.is_last_to_leave() or self.close(deadline_s)

    def close(self, deadline_s: float) -> bool:
        """Send what can be sent by the deadline, put down or drop the rest, and let the carrier close."""
        self._is_closing = True
        self._depot.outbox.hurry()
        self.start()
        worker = self._worker
        if worker is None:
            self._turn_here(deadline_s)
            self.close_exporter(deadline_s)
        else:
            worker.stop(deadline_s)
            # Whoever waits for this is to find the account settled, and the disk written.
            poll(lambda: worker.ended, deadline_s - min(_SETTLING_S, seconds_left(deadline_s) / 4))
        return not self._depot.give_up()

    def close_exporter(self, deadline_s: float) -> None:
        """Close the carrier; in the thread that sends."""
        shutdown = getattr(self._carrier, "shutdown", None)
        if callable(shutdown):
            shutdown(seconds_left(deadline_s))

    def after_fork(self) -> None:
        """In the child: what waited is the parent's, and the thread did not come along."""
        self._depot.after_fork()
        self._begin()
