"""Know the clients that a library above uses as its transport: what they send says nothing new.

Of a task that is sent over Redis there is a span already, and a worker asks its broker for more all the time.
"""

from __future__ import annotations

from typing import Any, Final
from weakref import WeakSet

__all__ = ["is_plumbing", "mark"]

_marked: Final[WeakSet[Any]] = WeakSet()


def mark(owner: Any) -> None:  # noqa: ANN401 - a pool of connections
    """Have whatever is sent over `owner` be left unrecorded; it is not kept alive by that."""
    _marked.add(owner)


def is_plumbing(owner: object) -> bool:
    """Say whether `owner` was marked; without marks that costs nothing."""
    return bool(_marked) and owner in _marked
