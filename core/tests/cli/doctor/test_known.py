"""The one list of variables is what the code reads: no more, and no less."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from midspan import sdk
from midspan._environment import Environment, watched
from midspan.cli.doctor._known import ELSEWHERE, KNOWN, OF_INTEGRATIONS
from midspan.sdk._resources import given_resource

ROOT = Path(__file__).resolve().parents[4]
DOCTOR = ROOT / "core" / "midspan" / "cli" / "doctor"
ALL = {name for names in KNOWN.values() for name in names}
# Exporters and bridges come after what the pipeline itself reads.
PIPELINE = {name for names in list(KNOWN.values())[: list(KNOWN).index("otlp")] for name in names}
NAME = re.compile(r"(?:OTEL|MIDSPAN|JAEGER)(?:_[A-Z0-9]+)+")


def named_in(*roots: str) -> set[str]:
    """Return the variables whose whole names stand in the source of some roots, but for the doctor's own."""
    found: set[str] = set()
    for root in roots:
        for file in (ROOT / root / "midspan").rglob("*.py"):
            if DOCTOR not in file.parents:
                texts = (
                    node.value
                    for node in ast.walk(ast.parse(file.read_text()))
                    if isinstance(node, ast.Constant)
                )
                found.update(text for text in texts if isinstance(text, str) and NAME.fullmatch(text))
    return found


def test_each_variable_that_the_source_names_is_known():
    """Whoever reads a new one adds it to the list."""
    unknown = named_in("core", "bridges", "exporters", "integrations") - ALL
    assert set() == {word for word in unknown if not _is_beginning(word)}


def _is_beginning(word: str) -> bool:
    """Say whether a word is what several variables begin with."""
    is_one = any(name.startswith(f"{word}_") for name in ALL)
    return is_one or OF_INTEGRATIONS.fullmatch(f"{word}_X") is not None


def test_what_is_read_elsewhere_is_read_there():
    """By what an application brings into play itself."""
    listed = {name for owner in ELSEWHERE for name in KNOWN[owner]}
    assert set() == listed - named_in("core", "bridges", "integrations")


@pytest.mark.parametrize("sampler", ["always_on", "jaeger_remote"])
def test_what_configure_reads_is_what_is_known_of_the_pipeline(sampler):
    """Recorded while it is read, with no exporter that would read variables of its own."""
    said = {"OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}
    with watched() as readings:
        sdk.configure(environment=said)
    of_jaeger = {name for name in KNOWN["sampler"] if name.startswith("JAEGER")}
    assert PIPELINE - (of_jaeger if sampler == "always_on" else set()) == set(readings)


def test_what_nobody_watches_is_read_all_the_same():
    """Recording ends with its block, and takes nothing away."""
    with watched() as readings:
        given_resource(None, None, Environment({"OTEL_SERVICE_NAME": "till"}))
    resource = given_resource(None, None, Environment({"OTEL_SERVICE_NAME": "shop"}))
    assert ("shop", "till") == (resource.attributes["service.name"], readings["OTEL_SERVICE_NAME"])
