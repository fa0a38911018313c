"""Where parcels lie until their fate is known, in memory or on disk, and the account of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from midspan import _trouble
from midspan.delivery import Outcome, Verdict
from midspan.sdk._account import Account
from midspan.sdk._outbox import Outbox, Parcel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from midspan.sdk._delivery import DeliverySettings
    from midspan.sdk._spill import Spill

__all__ = ["Depot"]


class Depot:
    """The parcels of one exporter, the oldest first: put in by who encodes, taken by who sends."""

    def __init__(
        self,
        name: str,
        settings: DeliverySettings,
        spill: Spill | None,
        now_s: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self._name = name
        self._settings = settings
        self._spill = spill
        self._now_s = now_s
        self.accounts = {"spans": Account(), "metrics": Account()}
        self.outbox = Outbox(settings, now_s, chance)
        self._is_given_up = False
        if spill is not None:
            spill.when_lost = self._lost_on_disk

    @property
    def has_room(self) -> bool:
        """Whether one more parcel may come."""
        return self.outbox.has_room or (self._spill is not None and self._spill.has_room)

    def put(self, parcel: Parcel) -> None:
        """Keep a parcel; count it as lost where there is no room."""
        # Once older parcels lie on disk, younger ones follow them there: all are sent in their order.
        if self._spill is not None and self._spill.holds_any and self._is_laid_down(parcel):
            return
        if self.outbox.has_room:
            self.accounts[parcel.signal].pending.add(parcel.count)
            self.outbox.put(parcel)
        else:
            self._lay_down(parcel, "outbox_full")

    def first(self) -> Parcel | None:
        """Return the parcel to send next: one that waits in memory, else the oldest that lies on disk."""
        parcel = self.outbox.first
        # Once all was given up, what lies on disk is anybody's: an attempt that outlived that takes none.
        if parcel is None and self._spill is not None and not self._is_given_up:
            parcel = self._spill.take()
            if parcel is not None:
                account = self.accounts[parcel.signal]
                account.pending.add(parcel.count)
                # What another process has left there was never counted here.
                if self._spill.is_own(parcel):
                    account.spilled.add(-parcel.count)
                self.outbox.put(parcel)
                if self._is_given_up:  # In this very moment.
                    self.give_up()
                    return None
        return parcel

    @property
    def is_disk_busy(self) -> bool:
        """Whether other processes were in the way when the disk was asked a moment ago."""
        return self._spill is not None and self._spill.is_busy

    def begin_attempt(self, parcel: Parcel) -> None:
        """Note that a parcel is about to be sent."""
        if parcel.until_s is None:
            parcel.until_s = self._now_s() + self._settings.budget_s
        if self.outbox.is_failing:
            self.accounts[parcel.signal].retried.add()
            if parcel.key and self._spill is not None:
                self._spill.hold(parcel)

    def postpone(self, parcel: Parcel, outcome: Outcome) -> None:
        """Leave the backend alone for a while; give up a parcel that was tried for too long."""
        if self.outbox.first is not parcel:
            # It was given up while this attempt hung, counted and said: that it failed is no news.
            return
        name = self._name
        _trouble.note(f"delivery.{name}.retry", "%s does not take what is sent: %s", name, outcome.message)
        self.outbox.failed(outcome.after_s)
        if self._spill is not None:
            self._lay_all_down()
        if self.outbox.first is parcel and self._now_s() >= (parcel.until_s or 0.0):
            self.outbox.remove_first(parcel)
            account = self.accounts[parcel.signal]
            account.pending.add(-parcel.count)
            account.drop("retry_budget", parcel.count)

    def settle(self, parcel: Parcel, outcome: Outcome, halves: Sequence[Parcel]) -> None:
        """Let go of a parcel whose fate is known, or put its halves in its place."""
        self.outbox.succeeded()
        is_ours = self.outbox.remove_first(parcel, halves)
        if parcel.key and self._spill is not None:
            self._spill.remove(parcel)
        # What was given up meanwhile is accounted for already.
        if is_ours:
            account = self.accounts[parcel.signal]
            account.pending.add(sum(half.count for half in halves) - parcel.count)
            if not halves:
                self._account_for(parcel, outcome, account)

    def _account_for(self, parcel: Parcel, outcome: Outcome, account: Account) -> None:
        count, name, verdict = parcel.count, self._name, outcome.verdict.value
        lost = count
        if outcome.verdict is Verdict.ACCEPTED:
            lost, verdict = min(max(outcome.rejected, 0), count), "rejected"
            account.export(count - lost)
            account.sent_bytes.add(len(parcel.body))
        if lost:
            account.drop(verdict, lost)
        if lost or outcome.message:
            cause = f"delivery.{name}.{outcome.verdict.value}"
            _trouble.note(
                cause, "%s: %s of %s %s lost: %s", name, lost, count, parcel.signal, outcome.message
            )

    def give_up(self) -> bool:
        """Put down, or drop, what could not be sent in time; say whether there was any."""
        self._is_given_up = True
        left = self.outbox.take_all()
        for parcel in left:
            self.accounts[parcel.signal].pending.add(-parcel.count)
            self._lay_down(parcel, "shutdown")
        if self._spill is None:
            return bool(left)
        self._spill.close()
        return bool(left) or self._spill.holds_any

    def has_settled(self, number: int) -> bool:
        """Say whether all parcels up to this number are gone."""
        # What lies on disk comes back in an order of its own: then all of it is waited for.
        if self._spill is not None:
            # On the way from the one to the other it is in neither; the account knows.
            waiting = any(account.pending.value for account in self.accounts.values())
            return not (self._spill.holds_any or waiting)
        return self.outbox.has_settled(number)

    def _lay_down(self, parcel: Parcel, otherwise: str) -> None:
        """Put a parcel on disk; count it as dropped where there is no disk, or no room on it."""
        if not self._is_laid_down(parcel):
            self.accounts[parcel.signal].drop(otherwise, parcel.count)

    def _is_laid_down(self, parcel: Parcel) -> bool:
        spill = self._spill
        if spill is None:
            return False
        if parcel.key:
            spill.release(parcel)
        elif not spill.put(parcel):
            return False
        if spill.is_own(parcel):
            self.accounts[parcel.signal].spilled.add(parcel.count)
        return True

    def _lost_on_disk(self, reason: str, counts: dict[str, int] | None) -> None:
        """Count what will never come back from the disk; without counts, all that lay there."""
        for signal, account in self.accounts.items():
            there = account.spilled.value
            lost = there if counts is None else counts.get(signal, 0)
            if lost:
                account.spilled.add(-min(lost, there))
                account.drop(reason, lost)

    def _lay_all_down(self) -> None:
        """Leave to the disk what the backend does not take now: a killed process must not take it along."""
        for parcel in self.outbox.take_all():
            if self._is_laid_down(parcel):
                self.accounts[parcel.signal].pending.add(-parcel.count)
            else:
                self.outbox.put(parcel)

    def after_fork(self) -> None:
        """In the child: what lies on disk is reached by a connection of its own."""
        if self._spill is not None:
            self._spill.after_fork()
