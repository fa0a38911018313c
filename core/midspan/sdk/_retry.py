"""How long to wait before the same is sent again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.sdk._delivery import DeliverySettings

__all__ = ["is_wish", "pause_s"]

# Beyond this, doubling once more only overflows.
_MOST_DOUBLINGS: Final = 30


def is_wish(told_s: float | None) -> bool:
    """Say whether a backend has asked for a pause: a negative number, or none, asks for nothing."""
    return told_s is not None and math.isfinite(told_s) and told_s >= 0


def pause_s(
    attempts: int, told_s: float | None, settings: DeliverySettings, chance: Callable[[], float]
) -> float:
    """Return the seconds to wait after so many attempts (1 or more) have failed.

    What the backend asked for counts, up to a limit, and a little is added so that not all of its clients
    come back at once; what it asked for in vain (a negative number, no number) does not. Else the pauses
    double, and half of each is left to chance. None is shorter than the first one may be: a backend that
    asks for no pause at all, again and again, would be asked as often as its answers come.
    """
    if told_s is not None and is_wish(told_s):
        told_s = min(told_s, settings.longest_told_s) * (1 + 0.1 * chance())
        return max(told_s, settings.first_pause_s * 0.5)
    doublings = min(attempts - 1, _MOST_DOUBLINGS)
    longest_s = min(settings.longest_pause_s, settings.first_pause_s * 2.0**doublings)
    return longest_s * (0.5 + 0.5 * chance())
