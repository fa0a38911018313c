"""Remember which messages of a body were acknowledged, while others of it were not.

A body is sent again until all of it was taken. What the broker has acknowledged already need not go again.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Receipts"]

# One body is tried at a time, but for those that went to disk meanwhile.
_MAX_BODIES: Final = 64
_NONE: Final[frozenset[int]] = frozenset()


class Receipts:
    """The places of acknowledged messages in bodies, which are known by their contents."""

    def __init__(self) -> None:
        self._places: dict[bytes, frozenset[int]] = {}

    def of(self, body: bytes) -> frozenset[int]:
        """Return which messages of a body were acknowledged."""
        # Rarely anything is remembered, and to digest a body takes a millisecond for each megabyte.
        return self._places.get(_digest(body), _NONE) if self._places else _NONE

    def keep(self, body: bytes, places: Iterable[int]) -> None:
        """Remember that these messages of a body were acknowledged."""
        while len(self._places) >= _MAX_BODIES:
            self._places.pop(next(iter(list(self._places))), None)
        self._places[_digest(body)] = frozenset(places)

    def drop(self, body: bytes) -> None:
        """Forget a body whose fate is known."""
        if self._places:
            self._places.pop(_digest(body), None)


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()
