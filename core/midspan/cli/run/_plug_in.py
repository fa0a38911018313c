"""A bridge or an integration that is imported once the program has imported what it is for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from midspan.cli.run._points import BRIDGE, awaited_by

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib import metadata

__all__ = ["PlugIn", "say"]


class PlugIn:
    """One plug-in, and the arguments of its `instrument()`. What is wrong with it is said, never raised."""

    def __init__(self, point: metadata.EntryPoint, options: Mapping[str, Any]) -> None:
        self._point = point
        self._options = options
        self._is_turning_on = False

    def awaited(self) -> tuple[str, ...]:
        """Return the modules that it waits for; none if it waits for nothing, or is broken."""
        known = awaited_by(self._point)
        if known is not None:
            return known
        try:
            library = getattr(self._point.load(), "LIBRARY", None)
        except Exception as error:  # noqa: BLE001 - a broken one must not keep the others from working
            self._leave_out(f"broken: {type(error).__name__}: {error}")
            return ()
        # One that does not say what it is for is turned on at once: this module is always there.
        return ("sys",) if library is None else (library.module,)

    def turn_on(self) -> None:
        """Install the bridge, or instrument the library, however often this is called."""
        if self._is_turning_on:
            # It imports what the program waited for, too, and is turned on as soon as it has.
            return
        self._is_turning_on = True
        try:
            self._turn_on()
        except Exception as error:  # noqa: BLE001 - the application's import must not fail because of us
            self._leave_out(f"{type(error).__name__}: {error}")
        finally:
            self._is_turning_on = False

    def _turn_on(self) -> None:
        plug_in = self._point.load()
        if self._point.group == BRIDGE:
            plug_in.install()
            return
        library = getattr(plug_in, "LIBRARY", None)
        trouble = None if library is None else library.trouble()
        if trouble is None:
            plug_in.instrument(**self._options)
        else:
            self._leave_out(trouble)

    def _leave_out(self, why: str) -> None:
        say(f"{self._point.name} is left out; {why}")


def say(line: str) -> None:
    """Print a line, if the program has somewhere to print it."""
    if sys.stderr is not None:
        print(f"midspan run: {line}", file=sys.stderr)
