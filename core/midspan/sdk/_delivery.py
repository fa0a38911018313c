"""How much and how long is kept of what a backend has not acknowledged, in memory and on disk."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DeliverySettings", "SpillSettings"]


class DeliverySettings(NamedTuple):
    """How long and how much is kept for a backend that does not answer.

    `budget_s` is how long a body is sent again and again, from its first attempt on; `first_pause_s` and
    `longest_pause_s` bound the pauses between attempts; `max_bytes` is how much may wait, packed.
    """

    budget_s: float = 300.0
    first_pause_s: float = 0.5
    longest_pause_s: float = 15.0
    # What a backend may ask for at most: it may have come back long before.
    longest_told_s: float = 30.0
    max_bytes: int = 32 * 1024 * 1024


class SpillSettings(NamedTuple):
    """Where, how much (bytes on disk), and how old (seconds) parcels on disk may become."""

    folder: str
    max_bytes: int = 256 * 1024 * 1024
    max_age_s: float = 24 * 3600.0
