"""Each row of the tables in docs/fields.md is true: its code is run, encoded, decoded, and looked at.

What decodes is never what encodes: opentelemetry-proto, json, thriftpy2, the parser of prometheus_client, and
protobuf's runtime with declarations of our own for the others.
"""

from __future__ import annotations

import functools
from typing import Any

import pytest

from exporters.tests.fields._formats import METRIC_FORMS, SPAN_FORMS
from exporters.tests.fields._metric_scenes import METRIC_SCENES
from exporters.tests.fields._paths import camel_case, find
from exporters.tests.fields._scenes import SPAN_SCENES
from exporters.tests.fields._tables import DOCUMENT, NOWHERE, Claim, Row, claims_of, holds, read_tables

NOTHING_SAID = "start()"
TABLES = {table.heading: table for table in read_tables(DOCUMENT.read_text(encoding="utf-8"))}
CELLS = [
    pytest.param(table.heading, row, column, id=f"{table.heading}-{row.concept}-{column}")
    for table in TABLES.values()
    for row in table.rows
    for column in row.cells
]


@functools.cache
def documents(heading: str, code: str, column: str) -> dict[str, Any]:
    """Return what each form of a format says when this code was run."""
    if heading in SPAN_SCENES:
        span = SPAN_SCENES[heading](code)
        return {name: decoded([span]) for name, decoded in SPAN_FORMS[column].items()}
    told = METRIC_SCENES[heading](code)
    return {name: decoded(told) for name, decoded in METRIC_FORMS[column].items()}


def claims_in(form: str, cell: str) -> list[Claim]:
    """Return a cell's claims, in the names of a form."""
    claims = claims_of(cell)
    if form.startswith("JSON"):
        return [claim._replace(path=camel_case(claim.path)) for claim in claims]
    if form == "classic":
        # The older text says of a unit what the name says, and knows no exemplars.
        return [claim for claim in claims if "exemplar" not in claim.path and "UNIT" not in claim.path]
    return claims


@pytest.mark.parametrize(("heading", "row", "column"), CELLS)
def test_a_value_is_where_the_cell_says(heading: str, row: Row, column: str) -> None:
    """In every form of the format."""
    for form, document in documents(heading, row.code, column).items():
        untrue = [claim for claim in claims_in(form, row.cells[column]) if not holds(claim, document)]
        assert not untrue, (form, [(claim.path, find(document, claim.path)) for claim in untrue], document)


@pytest.mark.parametrize(
    ("heading", "row", "column"), [cell for cell in CELLS if cell.values[0] in SPAN_SCENES]
)
def test_it_is_there_because_of_what_was_said(heading: str, row: Row, column: str) -> None:
    """A span of which nothing was said has no such value; what is nowhere makes no difference at all."""
    is_nowhere = row.cells[column] == NOWHERE
    assert not (is_nowhere and row.code == NOTHING_SAID)
    if is_nowhere or not says_what_holds_anyway(heading, row):
        for form, document in documents(heading, row.code, column).items():
            without = documents(heading, NOTHING_SAID, column)[form]
            found = [claim for claim in claims_in(form, row.cells[column]) if claim.path]
            assert not is_nowhere or settled(without) == settled(document), form
            assert not found or not all(holds(claim, without) for claim in found), form


def says_what_holds_anyway(heading: str, row: Row) -> bool:
    """Say whether a row is about a span of which nothing was said, or spells out a default."""
    told, without = (documents(heading, code, "OTLP")["protobuf"] for code in (row.code, NOTHING_SAID))
    return bool(settled(told) == settled(without))


TIMES_AND_IDS = frozenset(
    ("span_id", "spanId", "id", "start_time", "end_time", "timestamp", "duration", "time", "startTime")
)


def settled(document: Any) -> Any:
    """Return a document without what OpenCensus makes anew each time: ids, and times by its own clock."""
    if isinstance(document, dict):
        return {
            name: settled(value)
            for name, value in document.items()
            if name not in TIMES_AND_IDS and not name.lower().replace("_", "").endswith("timeunixnano")
        }
    return [settled(each) for each in document] if isinstance(document, list) else document


def test_every_interface_has_its_table() -> None:
    """No table is missing, and none is about something that nobody runs."""
    assert [*SPAN_SCENES, *METRIC_SCENES] == list(TABLES)


@pytest.mark.parametrize("heading", [*SPAN_SCENES, *METRIC_SCENES])
def test_every_format_has_its_column(heading: str) -> None:
    """No row leaves a format out."""
    rows, is_of_spans = TABLES[heading].rows, heading in SPAN_SCENES
    forms = SPAN_FORMS if is_of_spans else METRIC_FORMS
    assert [list(forms)] * len(rows) == [list(row.cells) for row in rows]
    # Where a metric does not go has to be said by a value.
    assert is_of_spans or not [row for row in rows if NOWHERE in row.cells.values()]


def test_no_row_is_there_twice() -> None:
    """Each concept has one row in its table."""
    concepts = [(table.heading, row.concept) for table in TABLES.values() for row in table.rows]
    assert len(set(concepts)) == len(concepts)


@pytest.mark.parametrize(
    "cell", ["", "carried", "`a` = 1", "`a` = `1` somehow", "`a` is `1`", "`a` = `one`", "nowhere `a`"]
)
def test_a_cell_that_claims_nothing_is_refused(cell: str) -> None:
    """A slip of the pen does not make a row that cannot fail."""
    with pytest.raises((AssertionError, ValueError)):
        claims_of(cell)


def test_claims_are_looked_at() -> None:
    """A value of another type, at another place, or one that should not be there is noticed."""
    document = {"tags": [{"key": "a.b", "value": {"v": 1}}], "more": {"le": ["x-y"]}}
    true = '`tags[a.b].value.v` = `1`; `tags.key` has `"a"`; `more.le[0]` = `"x-y"`; no `"z"`'
    assert [True] * 4 == [holds(claim, document) for claim in claims_of(true)]
    false = '`tags[a.b].value.v` = `1.0`; `tags[b].value.v` = `1`; `tags[0].key` = `"a"`; no `"x-"`; no `1`'
    assert [False] * 5 == [holds(claim, document) for claim in claims_of(false)]
