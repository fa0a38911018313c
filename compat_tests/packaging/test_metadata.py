"""What the distribution says about itself: its extras, its pins, its plug-ins."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONSTRAINTS = ROOT / "constraints"
EXTRAS = {extra: set() for extra in metadata.metadata("midspan").get_all("Provides-Extra")}
for line in metadata.requires("midspan") or ():
    requirement, _, marker = line.partition(";")
    EXTRAS[re.search(r"extra == ['\"](.+?)['\"]", marker)[1]].add(requirement.strip())
PINNED = ("demo", "all", "bare", "test", "lint", "docs")
PLUG_INS = [point for point in metadata.distribution("midspan").entry_points if "." in point.group]


def normal(name: str) -> str:
    """Return a distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", name)[0]).lower()


def required(extra: str) -> set[str]:
    """Return the names of all that an extra installs directly, extras within extras included."""
    names: set[str] = set()
    for requirement in EXTRAS[extra]:
        inner = re.match(r"midspan\[(.+)\]", requirement)
        names |= set().union(*map(required, inner[1].split(","))) if inner else {normal(requirement)}
    return names


def pinned(name: str) -> set[str]:
    """Return the names that a constraints file pins to one version."""
    lines = (CONSTRAINTS / f"{name}.txt").read_text().splitlines()
    return {normal(line) for line in lines if re.match(r"[\w.-]+==\S+", line)}


def test_nothing_is_required_without_an_extra():
    """A library may depend on midspan freely: it brings nothing along."""
    assert [] == [line for line in metadata.requires("midspan") or () if "extra ==" not in line]


@pytest.mark.parametrize("extra", ["otlp", "zipkin"])
def test_sending_over_http_requires_nothing(extra):
    """Whoever names the extra all the same gets what he needs."""
    assert set() == EXTRAS[extra]


@pytest.mark.parametrize("extra", PINNED)
def test_what_an_extra_asks_for_is_pinned(extra):
    """Each library of an extra that the checks install has a pin, so that pip never searches."""
    assert set() == required(extra) - pinned(extra)


@pytest.mark.parametrize("name", PINNED)
def test_constraints_hold_nothing_but_pins(name):
    """A file of constraints names exact versions, with markers, and no place to fetch them from."""
    lines = (CONSTRAINTS / f"{name}.txt").read_text().splitlines()
    assert [] == [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+( ; .+)?", line)]


@pytest.mark.parametrize("point", PLUG_INS, ids=lambda point: f"{point.group}:{point.name}")
def test_a_registered_plug_in_can_be_loaded(point):
    """Each of our entry points names something that exists."""
    assert point.load() is not None
