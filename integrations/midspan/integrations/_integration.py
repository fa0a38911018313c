"""The state that every integration has: what of its library is instrumented, and how that is taken back."""

from __future__ import annotations

import importlib
import threading
import weakref
from typing import TYPE_CHECKING, Any

from midspan.integrations._patches import Patches

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

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
        self._objects: MutableMapping[Any, Patches] = weakref.WeakKeyDictionary()

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
            self._objects[target] = _applied(put)

    def turn_off_for(self, target: Any) -> None:  # noqa: ANN401 - as above
        """Take the patches of one object away; without effect if it has none."""
        with self._lock:
            patches = self._objects.pop(target, None)
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
