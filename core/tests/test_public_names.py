"""The public face of the core: what is handed on is all that is there, and nothing slips in."""

from __future__ import annotations

import ast
import importlib
import types
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parents[1]
FILES = sorted((CORE / "midspan").rglob("*.py"))


def name_of(file: Path) -> str:
    """Return the dotted name under which a file is imported."""
    parts = file.relative_to(CORE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file): file for file in FILES if file.name != "__main__.py"}
PUBLIC = {name: file for name, file in MODULES.items() if "._" not in name}
PACKAGES = [name for name, file in PUBLIC.items() if file.name == "__init__.py"]
SINGLE = [name for name, file in PUBLIC.items() if file.name != "__init__.py"]


def defined_in(file: Path) -> set[str]:
    """Return the public names that a module defines at its top level."""
    found: set[str] = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {name for name in found if not name.startswith("_")} - {"TYPE_CHECKING"}


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_lists_all_that_it_hands_on(name):
    """`__all__` of a package is everything public in it but its submodules, and modules only by intent."""
    module = importlib.import_module(name)
    public = {
        each
        for each, value in vars(module).items()
        if not each.startswith("_")
        and each not in ("annotations", "TYPE_CHECKING")
        and (not isinstance(value, types.ModuleType) or each in module.__all__)
    }
    assert public == set(module.__all__)


@pytest.mark.parametrize("name", SINGLE)
def test_a_module_lists_all_that_it_defines(name):
    """`__all__` of a public module is every public name that the module defines itself."""
    assert defined_in(PUBLIC[name]) == set(importlib.import_module(name).__all__)


@pytest.mark.parametrize("name", PUBLIC)
def test_what_is_listed_is_there(name):
    """Each name of `__all__` exists, once."""
    module = importlib.import_module(name)
    listed = module.__all__
    assert ([], len(set(listed))) == ([each for each in listed if not hasattr(module, each)], len(listed))


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_holds_nothing_itself(name):
    """`__init__` hands names on: it defines neither functions nor classes."""
    assert defined_in(PUBLIC[name]) == set()


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_is_for(name):
    """With a docstring."""
    assert importlib.import_module(name).__doc__
