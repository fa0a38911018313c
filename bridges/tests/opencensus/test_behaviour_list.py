"""The list of behaviours in docs/opencensus.md counts what there is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parents[1] / "docs" / "opencensus.md"
ROWS = re.findall(r"^\| (.+) \| (\d+) \| (`\S+test_.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def behaviours(pattern: str) -> int:
    """Return how many tests there are in the files that a pattern names."""
    return sum(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        for file in TESTS.glob(pattern)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    )


def test_the_list_has_its_rows():
    """What is written otherwise would go unchecked."""
    assert 10 == len(ROWS)


@pytest.mark.parametrize(("what", "count", "files"), ROWS, ids=[row[0].split(":")[0] for row in ROWS])
def test_no_row_claims_more_than_there_is(what, count, files):
    """Every number is at most the number of tests in the files beside it."""
    found = sum(behaviours(pattern) for pattern in re.findall("`(.+?)`", files))
    assert int(count) <= found, what
