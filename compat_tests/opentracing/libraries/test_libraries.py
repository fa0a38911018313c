"""Unmodified OpenTracing libraries from PyPI: each gives over midspan what it gives over MockTracer.

A scenario uses the library against real servers and applications, in a process and an environment of its
own. It is played over MockTracer, which shows what the library makes, and over midspan. What the records
hold is in scenarios/_stage.py; which of MockTracer's raw values an exporting tracer must change, and how,
is in scenarios/_mock.py.
"""

from __future__ import annotations

import pytest

from compat_tests._scenarios import _marks
from compat_tests._scenarios._record import is_consistent, text, tree
from compat_tests.opentracing.libraries._catalogue import LIBRARIES

pytestmark = [pytest.mark.slow, pytest.mark.server]

each_library = _marks.each_library(LIBRARIES)
each_actor = _marks.each_actor(LIBRARIES)


@each_library
def test_library_gives_the_promised_tree_over_mocktracer(play, library):
    """Over MockTracer, the scenario makes the spans, under the parents, that it was written to make."""
    record = play(library, "mock")
    assert is_consistent(record["spans"])
    assert record["gives"].strip("\n") == tree(record["spans"])


@each_actor
def test_library_gives_the_same_spans_over_midspan(play, library, actor):
    """Over midspan, every span has the name, parent, trace, kind, status, tags, logs and end it had."""
    assert text(play(library, "mock")["spans"]) == text(play(library, actor)["spans"])


@each_actor
def test_application_sees_the_same_over_midspan(play, library, actor):
    """Over midspan, the application sees the same active spans, baggage, contexts, answers, exceptions."""
    assert text(play(library, "mock")["notes"]) == text(play(library, actor)["notes"])
