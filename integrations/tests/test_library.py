"""An integration says what is missing, and what would mend it, before it touches anything."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

from midspan._environment import ConfigurationError
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library

OLDEST = Path(__file__).parents[2] / "compat_tests/integrations/requirements/oldest.in"
POINTS = sorted(metadata.entry_points(group="midspan.integrations"))


@pytest.mark.parametrize(
    ("library", "trouble"),
    [
        (Library("requests", "requests"), None),
        (Library("requests", "requests", oldest="2.25"), None),
        (Library("requests", "requests", oldest="999.0"), "is older than 999.0"),
        (Library("requests", "requests", too_new="2.0"), "is not supported yet; the last one was before 2.0"),
        (Library("no-such-thing", "no_such_thing"), "no-such-thing is not installed"),
        (Library("no-such-thing", "no_such_thing.part"), "no-such-thing is not installed"),
        (Library("no-such-thing", "json"), None),
        (Library(None, "sqlite3"), None),
    ],
)
def test_a_library_is_judged_without_being_imported(library, trouble):
    """What is there and of a known version has no trouble; what has no metadata counts as there."""
    found = library.trouble()
    assert (trouble is None) if found is None else trouble in found


def test_instrumenting_what_is_missing_names_the_extra():
    """The error is one line, with what to type."""
    integration = Integration("shop", Library("no-such-thing", "no_such_thing"))
    expected = "shop cannot be instrumented: no-such-thing is not installed; pip install 'midspan[shop]'"
    with pytest.raises(ConfigurationError, match=re.escape(expected)):
        integration.turn_on((), lambda patches: None)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_the_oldest_version_is_the_one_that_is_tested(point):
    """What an integration calls its oldest version is what its tests run with at the old end."""
    library = getattr(point.load(), "LIBRARY", None)
    if library is None or library.distribution is None:
        return
    pins = dict(line.split("==") for line in OLDEST.read_text().splitlines() if "==" in line)
    pinned = {name.partition("[")[0].lower(): version for name, version in pins.items()}
    assert (
        f"{library.oldest}.0.0".split(".")[:3] == f"{pinned[library.distribution.lower()]}.0".split(".")[:3]
    )


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_an_integration_is_imported_without_its_library(point):
    """`import midspan.integrations.x` imports nothing of x: that is for the program to import."""
    source = Path(metadata.PackagePath(point.load().__file__)).read_text()
    library = point.load().LIBRARY
    tops = re.findall(r"^(?:import|from) (\S+)", source, flags=re.MULTILINE)
    if library.distribution is not None:
        assert library.module.partition(".")[0] not in {top.partition(".")[0] for top in tops}


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_an_integration_can_be_turned_on_and_off(point):
    """Each has the two verbs."""
    module = point.load()
    assert callable(module.instrument)
    assert callable(module.uninstrument)
