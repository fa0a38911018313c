"""Wait for a module to be imported, and act when it has been; say whether it can be.

An application that is instrumented from outside must find its modules imported in its own order: Django
after its settings, gevent before everything. So an integration does not import its library, it waits.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder
from typing import TYPE_CHECKING, Any

from midspan import _native, _trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

__all__ = ["is_importable", "stop_waiting", "when_imported"]

_waiting: dict[str, list[Callable[[], object]]] = {}
# Not one of `threading`: eventlet complains of what was there before it patches.
_lock = _native.allocate_rlock()


def is_importable(module: str) -> bool:
    """Say whether a module is there to be imported; what stands before a dot in its name is imported."""
    from importlib import util  # noqa: PLC0415 - in some Pythons it brings `threading`, too early

    try:
        return util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def when_imported(module: str, act: Callable[[], object]) -> None:
    """Call `act()` once `module` has been imported: at once if it has been already.

    What `act` raises is reported, and the import goes on.
    """
    with _lock:
        present = module in sys.modules and not _is_being_imported(sys.modules[module])
        if not present:
            _waiting.setdefault(module, []).append(act)
            if _FINDER not in sys.meta_path:
                sys.meta_path.insert(0, _FINDER)
    if present:
        _call(module, act)


def stop_waiting(module: str, act: Callable[[], object]) -> None:
    """Do not call `act()` for `module` any more; without effect if it has been called."""
    with _lock:
        if act in _waiting.get(module, ()):
            _waiting[module].remove(act)
            _tidy(module)


def _tidy(module: str) -> None:
    if not _waiting.get(module):
        _waiting.pop(module, None)
    if not _waiting and _FINDER in sys.meta_path:
        sys.meta_path.remove(_FINDER)


def _is_being_imported(module: ModuleType) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def _arrived(module: str) -> None:
    with _lock:
        acts = _waiting.pop(module, [])
        _tidy(module)
    for act in acts:
        _call(module, act)


def _call(module: str, act: Callable[[], object]) -> None:
    try:
        act()
    except Exception as error:  # noqa: BLE001 - the application's import must not fail because of us
        _trouble.report("integration.failed", "what waited for %s to be imported failed", module, error=error)


class _Finder:
    """Find the modules that are waited for, as the other finders do, with a loader that tells of them."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec that another finder has for a module that is waited for, its loader replaced."""
        if name not in _waiting:
            return None
        spec = _found_by_others(name, path, target)
        if spec is None or spec.loader is None or not hasattr(spec.loader, "exec_module"):
            return spec
        spec.loader = _Telling(spec.loader)  # type: ignore[assignment]  # it stands for a loader
        return spec


def _found_by_others(name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
    finders = [finder for finder in sys.meta_path if finder is not _FINDER] or [PathFinder]
    for finder in finders:
        find = getattr(finder, "find_spec", None)
        spec: ModuleSpec | None = None if find is None else find(name, path, target)
        if spec is not None:
            return spec
    return None


class _Telling:
    """A loader that says when the module is there; in everything else it is the one that it stands for."""

    def __init__(self, native: Any) -> None:  # noqa: ANN401 - loaders have no common class
        self._native = native

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Do as the loader does."""
        made: ModuleType | None = self._native.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        """Do as the loader does, give the module its own loader back, and tell."""
        if module.__spec__ is not None:
            module.__spec__.loader = self._native
        module.__loader__ = self._native
        self._native.exec_module(module)
        _arrived(module.__name__)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as above
        return getattr(self._native, name)


_FINDER = _Finder()
