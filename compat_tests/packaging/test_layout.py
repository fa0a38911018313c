"""What holds for the four roots, read from the source: no resolver, no import, so nothing can hide it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOTS = ("core", "bridges", "exporters", "integrations")
MODULES = sorted(file for root in ROOTS for file in (ROOT / root / "midspan").rglob("*.py"))
CORE = [file for file in MODULES if file.is_relative_to(ROOT / "core")]
PLUG_INS = [file for file in MODULES if not file.is_relative_to(ROOT / "core")]

# Our own plug-ins report trouble, read variables, leave out secrets, begin anew in forked children, have
# threads and locks of the system, wait for modules, compare versions, name exceptions and midspan itself as
# the core does. Nobody else is promised these modules.
SHARED = (
    "midspan._about",
    "midspan._trouble",
    "midspan._environment",
    "midspan._redaction",
    "midspan._forks",
    "midspan._imports",
    "midspan._native",
    "midspan._versions",
    "midspan.trace._exceptions.type_name",
)
# A bridge is on the hot path: it reads and writes the one slot without a call between. And it hands over what
# a legacy tracer was configured with, and flags that only midspan knows.
SHARED_WITH_BRIDGES = (
    "midspan.context._slot",
    "midspan.trace._seam",
    "midspan.metrics._seam",
    "midspan.trace._span.DEBUG",
    "midspan.trace._span.SUPPRESSED",
)


def name_of(file: Path) -> str:
    """Return the dotted name under which a file is imported."""
    root = next(ROOT / root for root in ROOTS if file.is_relative_to(ROOT / root))
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(file: Path) -> set[str]:
    """Return the full names that a module imports anywhere, `from a import b` as "a.b"."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def relative_imports_of(file: Path) -> list[int]:
    """Return the lines of imports that start with a dot."""
    nodes = ast.walk(ast.parse(file.read_text()))
    return [node.lineno for node in nodes if isinstance(node, ast.ImportFrom) and node.level]


def test_the_namespace_has_no_init():
    """A `midspan/__init__.py` in any root would hide the other three."""
    assert [] == [root for root in ROOTS if (ROOT / root / "midspan" / "__init__.py").exists()]


@pytest.mark.parametrize("root", ROOTS)
def test_each_portion_says_that_it_is_typed(root):
    """Each portion carries py.typed, no two at one place: one would overwrite the other in the wheel."""
    here = {file.relative_to(ROOT / root) for file in (ROOT / root / "midspan").rglob("py.typed")}
    others = {
        file.relative_to(ROOT / other)
        for other in ROOTS
        if other != root
        for file in (ROOT / other / "midspan").rglob("py.typed")
    }
    assert (True, set()) == (bool(here), here & others)


@pytest.mark.parametrize("file", CORE, ids=name_of)
def test_the_core_imports_only_the_standard_library(file):
    """No module of the core imports a third-party package, at the top or in a function."""
    foreign = {name for name in imports_of(file) if name.partition(".")[0] not in sys.stdlib_module_names}
    assert set() == {name for name in foreign if not name.startswith("midspan.")}


@pytest.mark.parametrize("file", PLUG_INS, ids=name_of)
def test_a_plug_in_keeps_to_public_modules(file):
    """A plug-in imports nothing private but its own, its portion's, and what is shared."""
    parts = name_of(file).split(".")
    own = ".".join(parts[: 3 if parts[1] in ROOTS else 2])
    portion = f"midspan.{parts[1]}._"
    private = {name for name in imports_of(file) if name.startswith("midspan.") and "._" in name}
    shared = (*SHARED, *(SHARED_WITH_BRIDGES if parts[1] == "bridges" else ()))
    assert set() == {name for name in private if not name.startswith((f"{own}.", portion, *shared))}


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_imports_are_absolute(file):
    """No import starts with a dot: a name is found by searching for it, whichever root it is in."""
    assert [] == relative_imports_of(file)


@pytest.mark.parametrize("root", ROOTS)
def test_mypy_reads_each_root_that_holds_a_module(root):
    """No root escapes the type checker, which must not be given a folder without a module."""
    modules = any(file.is_relative_to(ROOT / root) for file in MODULES)
    files = (ROOT / "pyproject.toml").read_text().partition("\nfiles = [")[2].partition("]")[0]
    assert modules is (f'"{root}/midspan"' in files)
