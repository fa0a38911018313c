"""Count who uses something that is closed by the last of them."""

from __future__ import annotations

import itertools

__all__ = ["Holders"]


class Holders:
    """Those who share one thing. All join before the first leaves; each leaves once."""

    def __init__(self) -> None:
        self._count = 0
        self._left = itertools.count(1)

    def join(self) -> None:
        """Be one more."""
        self._count += 1

    def is_last_to_leave(self) -> bool:
        """Leave, and say whether nobody holds on any more."""
        # Two workers may end in the same moment: unlike `-= 1`, this counts each.
        return next(self._left) >= self._count
