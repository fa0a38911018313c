"""Whether the bridge is installed, and what was asked for. The one global of this bridge's traces."""

from __future__ import annotations

from typing import Final

__all__ = ["STATE", "State"]


class State:
    """What the hooks look up when they are used."""

    __slots__ = ("is_installed", "tells_legacy")

    def __init__(self) -> None:
        self.is_installed = False
        # Whether the exporters that the application gave to OpenCensus go on being fed.
        self.tells_legacy = True


STATE: Final = State()
