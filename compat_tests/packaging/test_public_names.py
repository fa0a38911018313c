"""The public face of each package: what `__init__` hands on, and nothing that slipped in."""

from __future__ import annotations

import importlib
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOTS = ("core", "bridges", "exporters", "integrations")
PACKAGES = sorted(
    ".".join(init.parent.relative_to(ROOT / root).parts)
    for root in ROOTS
    for init in (ROOT / root / "midspan").rglob("__init__.py")
)
PUBLIC = [name for name in PACKAGES if "._" not in name]
MODULES = sorted(
    ".".join(file.relative_to(ROOT / root).with_suffix("").parts).removesuffix(".__init__")
    for root in ROOTS
    for file in (ROOT / root / "midspan").rglob("*.py")
)
# Commands are run, and formats are chosen by the names that docs/propagation.md lists.
NOT_IMPORTED = ("midspan.cli", "midspan.demo", "midspan.migrate", "midspan.propagation.")
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8").split()


def public_names(module: types.ModuleType) -> set[str]:
    """Return the names that a reader would take for public; submodules are found by their own names."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType) and name != "annotations"
    }


@pytest.mark.parametrize("name", PUBLIC)
def test_all_names_exactly_what_is_public(name):
    """`__all__` is sorted, complete, and names nothing that is not there."""
    module = importlib.import_module(name)
    missing = [each for each in module.__all__ if not hasattr(module, each)]
    unlisted = public_names(module) - set(module.__all__)
    assert ([], set()) == (missing, unlisted)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_package_says_what_it_is_for(name):
    """Each public package has a docstring."""
    assert importlib.import_module(name).__doc__


@pytest.mark.parametrize(
    "name", [name for name in MODULES if "._" not in name and not name.startswith(NOT_IMPORTED)]
)
def test_every_public_module_is_in_the_reference(name):
    """What may be imported is documented."""
    assert name in REFERENCE
