"""The state that every integration has: what of its library is instrumented, and how that is taken back."""

from __future__ import annotations

import importlib
import threading
from typing import TYPE_CHECKING, Any

from midspan.integrations._patches import Patches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from midspan.integrations._library import Library

__all__ = ["Integration"]


class Integration:
    """One library's integration, which its module's `instrument()` and `uninstrument()` turn on and off.

    The whole library is instrumented, or single objects of it (an application, a client, a connection). On
    means on once: instrumenting again replaces the settings. Safe to use from any thread.
    """

    def __init__(self, name: str, library: Library) -> None:
        self.name = name
        self.library = library
        self._lock = threading.RLock()
        self._everywhere: Patches | None = None
        # An object holds its own patches: they hold the object, and whoever else held them kept it alive.
        self._held_as = f"_midspan_{name}"

    @property
    def is_on(self) -> bool:
        """Say whether the whole library is instrumented."""
        return self._everywhere is not None

    def turn_on(self, modules: tuple[str, ...], put: Callable[[Patches], None]) -> None:
        """Import `modules`, and patch the library with `put(patches)`.

        Raises:
            ConfigurationError: The library is missing, or of a version that is not supported.
        """
        self.library.must_be_here(self.name)
        for module in modules:
            importlib.import_module(module)
        with self._lock:
            self.turn_off()
            self._everywhere = _applied(put)

    def turn_on_when_imported(self, puts: Mapping[str, Callable[[Patches], None]]) -> None:
        """Patch the library with `puts[module](patches)`, each once the program has imported that module.

        Raises:
            ConfigurationError: As `turn_on` does.
        """
        self.library.must_be_here(self.name)

        def put(patches: Patches) -> None:
            for module, of_module in puts.items():
                patches.when_imported(module, of_module)

        with self._lock:
            self.turn_off()
            self._everywhere = _applied(put)

    def turn_off(self) -> None:
        """Take the patches of the whole library away; those of single objects stay."""
        with self._lock:
            if self._everywhere is not None:
                self._everywhere.undo()
                self._everywhere = None

    def turn_on_for(self, target: Any, put: Callable[[Patches], None]) -> None:  # noqa: ANN401 - an object of the library
        """Patch one object of the library with `put(patches)`; it is not kept alive by that.

        Raises:
            ConfigurationError: The library is of a version that is not supported.
        """
        self.library.must_be_here(self.name)
        with self._lock:
            self.turn_off_for(target)
            vars(target)[self._held_as] = _applied(put)

    def turn_off_for(self, target: Any) -> None:  # noqa: ANN401 - as above
        """Take the patches of one object away; without effect if it has none."""
        with self._lock:
            patches: Patches | None = vars(target).pop(self._held_as, None)
            if patches is not None:
                patches.undo()


def _applied(put: Callable[[Patches], None]) -> Patches:
    patches = Patches()
    try:
        put(patches)
    except BaseException:
        # Half an integration is worse than none.
        patches.undo()
        raise
    return patches
