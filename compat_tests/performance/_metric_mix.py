"""Describe the 2,000 points of the row that encodes metrics, for each side to record with its own API.

Two hundred instruments of a busy service, ten series each: mostly counters, some gauges, and forty histograms
with the default buckets, which hold most of the bytes. What is recorded in a histogram is recorded in a
sampled span, so each of its points carries four exemplars. Attributes stay, as they do in life; numbers,
times and ids are new in each round.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

COUNTERS = 140
GAUGES = 20
HISTOGRAMS = 40
POINTS = (COUNTERS + GAUGES + HISTOGRAMS) * 10
SERIES: tuple[dict[str, Any], ...] = tuple(
    {"http.request.method": method, "http.route": route}
    for method in ("GET", "POST")
    for route in ("/cart", "/cart/{id}", "/checkout", "/orders/{id}", "/users/{id}/addresses")
)


@dataclass(frozen=True)
class Round:
    """What is recorded for one series of every instrument of a kind."""

    attributes: dict[str, Any]
    added: int
    level: float
    # One in each of four buckets.
    latencies_ms: tuple[float, float, float, float]


def describe(number: int) -> list[Round]:
    """Describe what is recorded between two collections; the same number gives the same."""
    dice = random.Random(number)
    return [
        Round(
            attributes,
            dice.randint(1, 5_000),
            dice.randint(0, 10_000) / 8,
            (
                dice.randint(1, 39) / 8,
                dice.randint(201, 399) / 8,
                dice.randint(401, 599) / 8,
                dice.randint(2_001, 3_999) / 8,
            ),
        )
        for attributes in SERIES
    ]
