"""The extras of the midspan that is installed say the same as its plug-ins."""

from __future__ import annotations

from importlib import metadata

import pytest

from midspan._versions import Version
from midspan.cli._markers import plain
from midspan.cli._requirements import extras_of

EXTRAS = extras_of(metadata.distribution("midspan"))
POINTS = sorted(metadata.entry_points(group="midspan.integrations"), key=lambda point: point.name)
LIBRARIES = {point.name: point.load().LIBRARY for point in POINTS}


@pytest.mark.parametrize("name", [name for name, library in LIBRARIES.items() if library.distribution])
def test_an_integrations_extra_asks_for_its_library(name):
    """From its oldest version on: `midspan run` and `midspan bootstrap` must not disagree."""
    library = LIBRARIES[name]
    (needed,) = EXTRAS[plain(name)]
    oldest = needed.specifiers.removeprefix(">=")
    assert (True, Version.read(library.oldest)) == (
        needed.is_for(library.distribution),
        Version.read(oldest),
    )


@pytest.mark.parametrize("group", ["integrations", "bridges", "exporters"])
def test_a_plug_in_that_has_an_extra_has_one_of_its_name(group):
    """So that it is found: those without one need no library."""
    without = {
        point.name
        for point in metadata.entry_points(group=f"midspan.{group}")
        if plain(point.name) not in EXTRAS
    }
    # OTLP and Zipkin over HTTP may come to need no library.
    assert without <= {"console", "jsonl", "logging", "otlp", "sqlite3", "threading", "zipkin"}


def test_extras_within_extras_are_taken_apart():
    """What an extra says of midspan itself becomes what those extras say."""
    assert {"opentracing", "flask"} <= {requirement.name for requirement in EXTRAS["demo"]}
    assert not any(requirement.is_for("midspan") for each in EXTRAS.values() for requirement in each)
