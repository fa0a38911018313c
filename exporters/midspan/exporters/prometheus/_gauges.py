"""What becomes of levels where several processes tell of one: there is no sum of two thermometers."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Final

from midspan._environment import ConfigurationError

__all__ = ["KEPT", "PLACE", "Gauges", "checked_gauges"]

# prometheus_client's names for the same, where it has them.
_MODES: Final = ("all", "livesum", "sum", "max", "min", "mostrecent")
# The modes in which what a process said is told after its end.
KEPT: Final = frozenset({"sum", "mostrecent"})
# The label that tells the processes apart where each is told.
PLACE: Final = "process"


class Gauges:
    """The mode of each gauge, by the name that Prometheus knows it by."""

    def __init__(self, modes: Mapping[str, str]) -> None:
        self._modes = modes

    def mode(self, name: str, form: str) -> str:
        """Return a gauge's mode: the sum of what is added to and taken from, unless it is said."""
        for pattern, mode in self._modes.items():
            if fnmatch.fnmatchcase(name, pattern):
                return mode
        return "livesum" if form == "up_down" else "all"


def checked_gauges(given: str | Mapping[str, str] | None) -> Gauges:
    """Return the modes that were asked for: one for all, or some by patterns, of which the first fits.

    Raises:
        ConfigurationError: There is no such mode.
    """
    modes = given if isinstance(given, Mapping) else {} if given is None else {"*": given}
    unknown = [mode for mode in modes.values() if mode not in _MODES]
    if unknown:
        message = f"gauges={unknown[0]!r} is not valid: allowed is any of {', '.join(_MODES)}"
        raise ConfigurationError(message)
    return Gauges(modes)
