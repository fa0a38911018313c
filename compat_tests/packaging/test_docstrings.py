"""Every example in a docstring runs, as it stands, and prints what it says."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

from midspan import sdk

ROOT = Path(__file__).resolve().parents[2]
ROOTS = ("core", "bridges", "exporters", "integrations")
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture(autouse=True)
def _tidy():
    yield
    sdk.reset()


def modules_with_examples() -> list[str]:
    """Return the names of the modules whose text holds an example."""
    return sorted(
        ".".join(file.relative_to(ROOT / root).with_suffix("").parts).removesuffix(".__init__")
        for root in ROOTS
        for file in (ROOT / root / "midspan").rglob("*.py")
        if ">>> " in file.read_text()
    )


def examples(module: str) -> list[doctest.DocTest]:
    """Return the examples of a module, each with the module's own names at hand."""
    found = doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(module), module)
    return [each for each in found if each.examples]


@pytest.mark.parametrize("module", modules_with_examples())
def test_examples_in_docstrings_run(module):
    """A reader can paste any example and see what the docstring shows."""
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    results = [runner.run(each, out=said.append) for each in examples(module)]
    assert results, "there is a prompt in this module, but in no docstring that doctest finds"
    assert sum(result.failed for result in results) == 0, "".join(said)
