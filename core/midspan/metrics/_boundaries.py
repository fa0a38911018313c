"""Check the upper limits of a histogram's buckets where somebody gives them."""

from __future__ import annotations

import itertools
import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["checked_boundaries"]


def checked_boundaries(boundaries: Iterable[float]) -> tuple[float, ...]:
    """Return boundaries as a tuple; infinity at the end, which every histogram has, is left out.

    Raises:
        ValueError: They are no numbers that ascend.
    """
    try:
        limits = tuple(boundaries)
        if limits and limits[-1] == math.inf:
            limits = limits[:-1]
        ascends = all(map(math.isfinite, limits)) and all(a < b for a, b in itertools.pairwise(limits))
    except (TypeError, OverflowError):
        limits, ascends = (), False
    if not ascends:
        message = f"boundaries must be numbers that ascend: {boundaries!r}"
        raise ValueError(message)
    return limits
