"""Read the tables of docs/fields.md: what is said, and what each cell claims about where it lands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

from exporters.tests.fields._paths import find, leaves

__all__ = ["DOCUMENT", "Row", "Table", "claims_of", "holds", "read_tables"]

DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "fields.md"
# What makes no difference to what is written.
NOWHERE: Final = "nowhere"
_CLAIM: Final = re.compile(r"`([^`]+)` (=|has) `([^`]+)`|(no) `([^`]+)`")


class Row(NamedTuple):
    """What is said, in words and in code; and the cells by the names of their columns."""

    concept: str
    code: str
    cells: dict[str, str]


class Table(NamedTuple):
    """The rows under a heading."""

    heading: str
    rows: list[Row]


class Claim(NamedTuple):
    """That a value is at a path; without a path, that it is at none."""

    path: str
    # "=", "has" for a text that holds the value, "no".
    how: str
    value: Any


def read_tables(text: str) -> list[Table]:
    """Return the tables whose second column is called "said"."""
    tables = []
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        lines = [_cells(line) for line in body.splitlines() if line.startswith("|")]
        if lines and lines[0][1] == "said":
            columns = lines[0][2:]
            rows = [
                Row(concept, code.strip("`"), dict(zip(columns, cells, strict=True)))
                for concept, code, *cells in lines[2:]
            ]
            tables.append(Table(heading, rows))
    return tables


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def claims_of(cell: str) -> list[Claim]:
    """Return what a cell claims; nothing for `NOWHERE`. Raises if it says anything that is not understood."""
    if cell == NOWHERE:
        return []
    claims = [
        Claim(path, how or no, json.loads(value or absent))
        for path, how, value, no, absent in _CLAIM.findall(cell)
    ]
    assert claims, f"a cell that claims nothing: {cell!r}"
    assert _CLAIM.sub("", cell).strip("; ") == "", f"not understood: {cell!r}"
    return claims


def holds(claim: Claim, document: Any) -> bool:
    """Say whether a claim is true of a document."""
    if claim.how == "no":
        return all(_shown(claim.value) not in _shown(leaf) for leaf in leaves(document))
    found = find(document, claim.path)
    if claim.how == "has":
        return isinstance(found, str) and claim.value in found
    return found == claim.value and type(found) is type(claim.value)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
