"""Every example in a docstring runs, as it stands, and prints what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOTS = ("core", "bridges", "exporters", "integrations")
MODULES = sorted(
    ".".join(file.relative_to(ROOT / root).with_suffix("").parts).removesuffix(".__init__")
    for root in ROOTS
    for file in (ROOT / root / "midspan").rglob("*.py")
    if ">>> " in file.read_text()
)
RUN = """
import doctest, importlib, sys
module = importlib.import_module(sys.argv[1])
outcome = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
if not outcome.attempted:
    print("there is a prompt in this module, but in no docstring that doctest finds")
sys.exit(outcome.failed or not outcome.attempted)
"""


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_run(module, tmp_path):
    """A reader can paste any example into a fresh interpreter and see what the docstring shows."""
    # A process of its own: instruments live as long as the program, and an example must not see a test's.
    command = [sys.executable, "-c", RUN, module]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
