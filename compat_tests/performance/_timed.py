"""What a side hands to the worker for a row: the loop that is timed, and how to see that it did its work."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def _nothing() -> None:
    pass


def _nothing_for(_iterations: int) -> None:
    pass


@dataclasses.dataclass(frozen=True)
class Timed:
    """One row on one side.

    Only `run` and `settle` are timed: `run(n)` does the work n times on the calling thread, `settle` waits
    for what other threads still have to do about it. `made` counts what has come out so far; the worker
    refuses a round in which it did not grow by n times what the row promises. `sample` shows the latest
    outcome in a form that is the same on all sides, for the smoke test. `prepare(n)` makes, untimed, input
    that was never seen before.
    """

    run: Callable[[int], None]
    made: Callable[[], int]
    sample: Callable[[], Any]
    settle: Callable[[], None] = _nothing
    prepare: Callable[[int], None] = _nothing_for


class Made:
    """Count what an iteration left, for rows that have no exporter to count at."""

    def __init__(self) -> None:
        self.total = 0
        self.last: Any = None

    def count(self) -> int:
        """Tell how much was made so far."""
        return self.total
