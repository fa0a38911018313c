"""Unmodified OpenCensus libraries from PyPI: each gives over midspan what it gives without it.

A scenario uses the library against real servers and applications, in a process and an environment of its
own. It is played over OpenCensus alone, which shows what the library makes, and over midspan. What the
records hold is in scenarios/_stage.py; how OpenCensus's own values are put into the words of the bridge's
rules is in scenarios/_plain.py. What may differ stands in docs/opencensus.md, and is named where it occurs.
"""

from __future__ import annotations

import re

import pytest

from compat_tests._environments import ROOT
from compat_tests._scenarios import _marks
from compat_tests._scenarios._record import is_consistent, text, tree
from compat_tests.opencensus.libraries._catalogue import LIBRARIES

pytestmark = [pytest.mark.slow, pytest.mark.server]

each_library = _marks.each_library(LIBRARIES)
each_actor = _marks.each_actor(LIBRARIES)


@each_library
def test_library_gives_the_promised_tree_without_the_bridge(play, library):
    """Over OpenCensus alone, the scenario makes the spans, under the parents, that it was written to make."""
    record = play(library, "plain")
    assert is_consistent(record["spans"])
    assert record["gives"].strip("\n") == tree(record["spans"])


@each_actor
def test_library_gives_the_same_spans_over_midspan(play, library, actor):
    """In midspan's pipeline, every span has the name, parent, trace, kind, status and contents it had."""
    assert text(_over_midspan(play(library, "plain"), "spans")) == text(play(library, actor)["spans"])


@each_library
def test_legacy_exporter_gets_the_same_over_midspan(play, library):
    """The exporter that the application gave to OpenCensus goes on getting what it got."""
    assert text(_over_midspan(play(library, "plain"), "legacy")) == text(play(library, "midspan")["legacy"])


@each_actor
def test_application_sees_the_same_over_midspan(play, library, actor):
    """Peers receive the same headers, logs tell the same ids, and answers are the same."""
    plain = play(library, "plain")
    differ = plain["differ"]["notes"]
    expected = [[label, differ[label][1] if label in differ else value] for label, value in plain["notes"]]
    assert text(expected) == text(play(library, actor)["notes"])


@each_library
def test_what_differs_is_documented(play, library):
    """What a scenario says to differ over midspan does, because of a row of the documentation's table."""
    plain = play(library, "plain")
    notes, spans = plain["differ"]["notes"], plain["differ"]["spans"]
    documented = (ROOT / "docs" / "opencensus.md").read_text(encoding="utf-8")
    assert [] == [row for row, _ in (*notes.values(), *spans.values()) if f"| {row} |" not in documented]
    assert set() == {label for label, value in plain["notes"] if label in notes and notes[label][1] == value}
    before = {span["name"]: span for span in plain["spans"]}
    assert [] == [name for name, (_, change) in spans.items() if before[name] == {**before[name], **change}]


@each_library
def test_what_was_run_is_documented(library):
    """The documentation lists the library, in the version that its environment pins."""
    name = library.name.split()[0]
    pins = (ROOT / f"compat_tests/opencensus/libraries/requirements-{library.environment}.txt").read_text()
    version = re.search(rf"^{name}==(\S+)$", pins, re.MULTILINE)[1]
    assert f"\n| {name} {version} |" in (ROOT / "docs" / "opencensus.md").read_text(encoding="utf-8")


def _over_midspan(plain, key):
    """Return the spans of a record as they are to be over midspan."""
    differ = plain["differ"]["spans"]
    return [{**span, **differ.get(span["name"], (None, {}))[1]} for span in plain[key]]
