"""Count exactly, from any thread, from a signal handler, without ever waiting."""

from __future__ import annotations

from midspan._native import allocate_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
else:
    # The same class; `collections` itself would cost 2 ms at import.
    from _collections import deque

__all__ = ["Tallies", "Tally"]

_FOLD_AT = 1024


class Tally:
    """A sum that many may add to. `add` never blocks: a signal handler may interrupt another `add`."""

    __slots__ = ("_folding", "_pending", "_total")

    def __init__(self) -> None:
        self._pending: deque[int] = deque()
        self._folding = allocate_lock()
        self._total = 0

    def add(self, count: int = 1) -> None:
        """Add `count`."""
        # Appending to a deque is atomic where `+=` is not.
        self._pending.append(count)
        if len(self._pending) >= _FOLD_AT:
            self._fold()

    def _fold(self) -> None:
        if not self._folding.acquire(blocking=False):
            return
        try:
            pending = self._pending
            while pending:
                # Read before it is taken off: an interrupted fold may be late, never wrong.
                self._total += pending.popleft()
        finally:
            self._folding.release()

    @property
    def value(self) -> int:
        """The sum so far; exact as soon as nobody is adding."""
        self._fold()
        return self._total


class Tallies:
    """Tallies by name, made when first added to."""

    __slots__ = ("_by_name",)

    def __init__(self) -> None:
        self._by_name: dict[str, Tally] = {}

    def add(self, name: str, count: int = 1) -> None:
        """Add `count` to one of them."""
        tally = self._by_name.get(name)
        if tally is None:
            tally = self._by_name.setdefault(name, Tally())
        tally.add(count)

    def values(self) -> dict[str, int]:
        """Return all sums by name."""
        return {name: tally.value for name, tally in tuple(self._by_name.items())}

    def value(self, name: str) -> int:
        """Return one sum; 0 if nothing was ever added to it."""
        tally = self._by_name.get(name)
        return 0 if tally is None else tally.value

    def clear(self) -> None:
        """Forget all sums."""
        self._by_name.clear()
