"""Make the measurements of a shop: ten routes, each with a latency that lies in another place."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

METHOD = "POST"
# Halves add up exactly, in any order.
LATENCIES_MS = {f"/cart/{number}": 2.5 * number**2 for number in range(10)}
# OpenTelemetry's default, which is midspan's too.
BOUNDARIES = (0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000)
SERIES = 10_000
_DICE = random.Random(40)


def orders(count: int) -> list[tuple[str, float]]:
    """Give as many pairs of a route and its latency, each route in turn."""
    pairs = list(LATENCIES_MS.items())
    return [pairs[number % len(pairs)] for number in range(count)]


def user_ids(count: int) -> list[str]:
    """Give as many names of users that were never seen before."""
    return [f"u-{_DICE.getrandbits(40):010x}" for _ in range(count)]


def counted(points: Iterable[list[Any]]) -> int:
    """Tell how many measurements points of `[attributes, count, sum, ...]` hold; each sum must be right."""
    total = 0
    for attributes, count, added, *_ in points:
        if added != count * LATENCIES_MS[attributes["route"]]:
            raise AssertionError(f"{count} times {attributes} add up to {added}")
        total += count
    return total


class Collected:
    """Count the points of collections; `values` are those of the latest, which must add up."""

    def __init__(self) -> None:
        self.points = 0
        self.added = 0
        self.values: dict[str, float] = {}

    def made(self) -> int:
        """Tell how many points were collected so far."""
        if self.values and (len(self.values), sum(self.values.values())) != (SERIES, self.added):
            raise AssertionError(f"{len(self.values)} series hold {sum(self.values.values())}")
        return self.points

    def sample(self) -> dict[str, float]:
        """Show the latest collection."""
        return {"series": len(self.values), "sum": sum(self.values.values())}
