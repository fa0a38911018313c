"""Parcels that wait for a backend, and the moment of the next attempt. No thread, no network: only state."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from midspan._native import allocate_lock
from midspan.sdk._retry import is_wish, pause_s

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from midspan.sdk._delivery import DeliverySettings

__all__ = ["Outbox", "Parcel"]


class Parcel:
    """A body that is ready to be sent."""

    __slots__ = ("body", "count", "key", "number", "signal", "until_s")

    def __init__(self, signal: str, body: bytes, count: int, key: str = "") -> None:
        self.signal = signal
        self.body = body
        self.count = count
        # Its name on disk, if it lies there.
        self.key = key
        # Until when it is sent again and again (monotonic seconds); None before its first attempt.
        self.until_s: float | None = None
        # Its place in the order of coming; the halves of a parcel have that of the whole.
        self.number = 0

    def __repr__(self) -> str:
        return f"Parcel({self.signal}, {self.count} in {len(self.body)} bytes)"


class Outbox:
    """A queue bounded by bytes, whose first parcel is tried until it is taken or given up."""

    def __init__(
        self, settings: DeliverySettings, now_s: Callable[[], float], chance: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._now_s = now_s
        self._chance = chance
        # Held for a few lines, by workers only: never in the application's own code.
        self._lock = allocate_lock()
        self._parcels: deque[Parcel] = deque()
        self._size_bytes = 0
        self._failures = 0
        self._due_s = 0.0
        # Whether the backend itself has asked for the pause.
        self._is_wish = False
        # The number of the parcel that came last.
        self.came = 0

    def __len__(self) -> int:
        return len(self._parcels)

    @property
    def has_room(self) -> bool:
        """Whether one more parcel may come, however large it is."""
        return self._size_bytes < self._settings.max_bytes

    @property
    def first(self) -> Parcel | None:
        """The oldest parcel; only who removes parcels may rely on it."""
        parcels = self._parcels
        return parcels[0] if parcels else None

    def put(self, parcel: Parcel) -> None:
        """Take one more parcel."""
        with self._lock:
            self._parcels.append(parcel)
            self._size_bytes += len(parcel.body)
            self.came += 1
            parcel.number = self.came

    def remove_first(self, parcel: Parcel, instead: Sequence[Parcel] = ()) -> bool:
        """Let `parcel` go, with others in its place; False if somebody else has taken it meanwhile."""
        with self._lock:
            if not self._parcels or self._parcels[0] is not parcel:
                return False
            self._parcels.popleft()
            self._parcels.extendleft(reversed(instead))
            self._size_bytes += sum(len(each.body) for each in instead) - len(parcel.body)
            for each in instead:
                each.number, each.until_s = parcel.number, parcel.until_s
            return True

    def take_all(self) -> list[Parcel]:
        """Let all parcels go, and return them in their order."""
        with self._lock:
            parcels = list(self._parcels)
            self._parcels.clear()
            self._size_bytes = 0
            return parcels

    def has_settled(self, number: int) -> bool:
        """Say whether all parcels up to this number are gone."""
        first = self.first
        return first is None or first.number > number

    def seconds_to_next(self) -> float:
        """Return how long to wait until the next attempt."""
        return max(0.0, self._due_s - self._now_s())

    @property
    def is_failing(self) -> bool:
        """Whether the last attempt was in vain."""
        return self._failures > 0

    def succeeded(self) -> None:
        """Note that the backend is well."""
        self._failures = 0
        self._due_s = 0.0
        self._is_wish = False

    def failed(self, told_s: float | None) -> None:
        """Note that the backend is to be left alone for a while: for `told_s` seconds if it said so."""
        self._failures += 1
        self._is_wish = is_wish(told_s)
        self._due_s = self._now_s() + pause_s(self._failures, told_s, self._settings, self._chance)

    def hurry(self) -> None:
        """Have the next attempt made at once, for somebody waits; not if the backend asked for a pause."""
        if not self._is_wish:
            self._due_s = 0.0
