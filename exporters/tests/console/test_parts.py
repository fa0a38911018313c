"""The parts of a picture: durations, widths, bars, and what the terminal can show."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midspan.exporters.console._bar import bar_of
from midspan.exporters.console._style import ASCII, UNICODE, glyphs_for, wants_color
from midspan.exporters.console._text import cells, cut, duration, escaped, padded


@pytest.mark.parametrize(
    ("ns", "shown"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_000, "1.0 µs"),
        (999_949, "999.9 µs"),
        (999_950, "1.0 ms"),
        (184_200_000, "184.2 ms"),
        (999_949_999, "999.9 ms"),
        (999_950_000, "1.00 s"),
        (59_994_999_999, "59.99 s"),
        (59_995_000_000, "1 m 00 s"),
        (60_000_000_000, "1 m 00 s"),
        (3_599_000_000_000, "59 m 59 s"),
        (3_599_999_999_999, "1 h 00 m"),
        (3_600_000_000_000, "1 h 00 m"),
        (360_000_000_000_000, "100 h 00 m"),
    ],
)
def test_a_duration_is_shown_in_the_unit_that_suits_it(ns, shown):
    """Never a thousand of one where one of the next would do."""
    assert shown == duration(ns, "µ")


@given(st.text(), st.integers(0, 30))
def test_cut_text_fits(text, width):
    """And is as it was if it fitted."""
    shown = cut(text, width, "…")
    assert cells(shown) <= width
    assert shown == text or cells(text) > width


@given(st.text(), st.integers(0, 30))
def test_padded_text_fills_its_place(text, width):
    """To the cell."""
    assert width == cells(padded(text, width, "…"))


@given(st.text())
def test_escaped_text_is_printable(text):
    """Whatever came in, and short enough."""
    assert escaped(text).isprintable()


def drawn(begin, end, width=10, glyphs=UNICODE, *, color=False):
    """Return a bar without its colours."""
    return "".join(text for text, _ in bar_of(begin, end, width, "36", glyphs, color=color))


@pytest.mark.parametrize(
    ("begin", "end", "shown"),
    [
        (0, 1, "██████████"),
        (0, 0.5, "█████     "),
        (0.5, 1, "     █████"),
        (0, 0.55, "█████▌    "),
        (0.05, 0.5, "▐████     "),
        (0.07, 0.5, "▐████     "),
        (0.09, 0.5, "▕████     "),
        (0, 0, "▏         "),
        (1, 1, "         ▕"),
        (0.26, 0.27, "  ▕       "),
        (0.25, 0.3, "  ▐       "),
        (0.2, 0.21, "  ▏       "),
        (-5, 7, "██████████"),
    ],
)
def test_a_bar_shows_when_a_span_ran(begin, end, shown):
    """To the eighth of a cell at its right end, to about the half at its left."""
    assert shown == drawn(begin, end)


@pytest.mark.parametrize(
    ("begin", "end", "shown"), [(0, 1, "=" * 10), (0.2, 0.5, "  ===     "), (1, 1, " " * 9 + "=")]
)
def test_a_bar_can_be_drawn_in_ascii(begin, end, shown):
    """In whole cells."""
    assert shown == drawn(begin, end, glyphs=ASCII)


def test_with_colours_a_bar_begins_at_any_eighth():
    """Its first cell is a gap in reverse."""
    assert ["", "▎", "████     "] == [
        text.replace(" " * 10, "") for text, _ in bar_of(0.025, 0.5, 10, "36", UNICODE, color=True)
    ]
    assert "7;36" == bar_of(0.025, 0.5, 10, "36", UNICODE, color=True)[1][1]


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 60), st.booleans(), st.sampled_from([ASCII, UNICODE]))
def test_every_bar_can_be_seen_and_fills_its_column(one, other, width, color, glyphs):
    """However short the span, and wherever it ran."""
    bar = drawn(min(one, other), max(one, other), width, glyphs, color=color)
    assert (width, True) == (len(bar), bool(bar.strip()))


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("file", "environment", "expected"),
    [
        (Terminal(), {}, True),
        (io.StringIO(), {}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (Terminal(), {"FORCE_COLOR": "0"}, False),
        (io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        (object(), {}, False),
    ],
)
def test_colours_are_for_terminals_unless_the_user_says_otherwise(file, environment, expected):
    """NO_COLOR before FORCE_COLOR before a dumb terminal."""
    assert expected is wants_color(file, environment)


def test_a_closed_file_is_no_terminal():
    """Asking it does not raise."""
    with Path(os.devnull).open() as file:
        pass
    assert wants_color(file, {}) is False


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", UNICODE),
        ("UTF8", UNICODE),
        ("ascii", ASCII),
        ("latin-1", ASCII),
        ("cp1252", ASCII),
        ("no-such", ASCII),
        (None, ASCII),
    ],
)
def test_glyphs_are_what_the_encoding_can_hold(encoding, expected):
    """Box drawing where it arrives, ASCII elsewhere."""
    assert expected is glyphs_for(encoding)
