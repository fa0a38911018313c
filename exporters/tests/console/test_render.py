from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporters.tests._strategies import batches
from exporters.tests.console._scene import BEGIN_NS, MS, checkout, record
from midspan.exporters.console import render
from midspan.exporters.console._text import cells
from midspan.trace import Event, Status, StatusCode

PICTURE = """\
── trace 00000000000000000000000000000abc ───────────────────────────────── 2023-11-14 22:13:20.123Z ──
   7 spans: 1 OpenCensus, 2 OpenTracing, 4 native · 200.0 ms · 1 error
   ■ storefront  ■ checkout  ■ billing                          ├────────────── 200.0 ms ─────────────┤
GET /checkout       storefront  OpenCensus   server   200.0 ms  ███████████████████████████████████████
╰─ POST /charge     checkout    native       server   150.0 ms     ▕█████████████████████████████▏
   ├─ load cart                 native                 18.0 ms      ▐██▊
   │     • cache.miss  key=cart:31  +3.0 ms
   ├─ POST                      native       client   116.0 ms          ▐██████████████████████▎
   │  ╰─ authorize  billing     OpenTracing  server   105.0 ms           ▐████████████████████▎
   │     ╰─ ✗ POST              OpenTracing  client    90.0 ms             ▐█████████████████▎
   │           ✗ PaymentError: card declined  +89.0 ms
   ╰─ publish                   native                  1.0 ms                                 ▕
         ↗ linked to trace 00000000000000000000000000000def
"""


def test_a_trace_is_a_picture():
    """Header, tree, services where they change, origins, kinds, durations, bars, what went wrong."""
    assert PICTURE == render(checkout(), 103)


ASCII_PICTURE = """\
-- trace 00000000000000000000000000000abc --------------- 2023-11-14 22:13:20.123Z --
   7 spans: 1 OpenCensus, 2 OpenTracing, 4 native | 200.0 ms | 1 error
   # storefront  # checkout  # billing                  |--------- 200.0 ms --------|
GET /checkout       storefront  OpenCensus    200.0 ms  =============================
`- POST /charge     checkout    native        150.0 ms    =======================
   |- load cart                 native         18.0 ms     ===
   |     * cache.miss  key=cart:31  +3.0 ms
   |- POST                      native        116.0 ms        =================
   |  `- authorize  billing     OpenTracing   105.0 ms         ===============
   |     `- x POST              OpenTracing    90.0 ms          ==============
   |           x PaymentError: card declined  +89.0 ms
   `- publish                   native          1.0 ms                         =
         ^ linked to trace 00000000000000000000000000000def
"""


def test_where_there_is_no_box_drawing_it_is_drawn_in_ascii():
    """The same picture, coarser."""
    assert ASCII_PICTURE == render(checkout(), 85, ascii_only=True)


@pytest.mark.parametrize("width", [40, 60, 79, 80, 100, 120, 200, 400])
def test_no_line_is_too_long(width):
    """At any width, the lines end before the terminal does."""
    assert max(cells(line) for line in render(checkout(), width, attributes=True).splitlines()) <= width


def test_a_width_below_forty_counts_as_forty():
    """There is no point in less."""
    assert render(checkout(), 40) == render(checkout(), 3)


def test_where_the_services_have_no_column_they_stand_before_the_name():
    """At a width of 80."""
    lines = render(
        [replace(span, name=span.name + " with a long name") for span in checkout()], 80
    ).splitlines()
    assert lines[3].startswith("storefront: GET /checkout")
    assert lines[4].startswith("╰─ checkout: POST /charge")
    assert lines[5].startswith("   ├─ load cart")


def test_attributes_are_shown_on_request():
    """Below their span, one a line."""
    span = record("charge", 1, None, 0, 1, attributes={"http.route": "/x", "n": 3, "items": ("a", "b")})
    assert "http.route" not in render([span])
    assert ["      http.route = /x", "      n = 3", "      items = ('a', 'b')"] == [
        f"   {line}" for line in render([span], attributes=True).splitlines()[4:]
    ]


def test_without_color_there_is_no_escape():
    """Neither in the picture nor from the names in it."""
    assert "\x1b" not in render([record("\x1b[31mred\x1b[0m", 1, None, 0, 1)])


def test_with_color_the_text_is_the_same():
    """Colours come on top; only the left end of a bar may be finer."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", render(checkout(), 103, color=True))
    bars = str.maketrans(dict.fromkeys("▏▎▍▌▋▊▉▐▕█", "█"))
    assert PICTURE.translate(bars) == plain.translate(bars)


def test_each_colour_ends_where_it_began():
    """Nothing of it runs into the next line."""
    for line in render(checkout(), 103, color=True).splitlines():
        assert line.count("\x1b[0m") == len(re.findall(r"\x1b\[[1-9][0-9;]*m", line))
        assert "\x1b" not in line.rpartition("\x1b[0m")[2]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb", "a\\nb"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\u202eb", "a\\u202eb"),
        ("a\x9bb", "a\\x9bb"),
        ("\ud800", "\\ud800"),
        ("", "(no name)"),
    ],
)
def test_names_cannot_steer_the_terminal(name, shown):
    """Control characters, of either kind, and those that turn the direction of writing, are escaped."""
    assert f"\n{shown} " in render([record(name, 1, None, 0, 1)])


def test_a_long_name_is_cut():
    """It takes no more than its column."""
    (line,) = render([record("n" * 10_000, 1, None, 0, 1)], 80).splitlines()[3:]
    assert (True, True, 80) == (line.startswith("n" * 20), "…" in line, len(line))


def test_wide_characters_take_two_cells():
    """The columns behind a name in Chinese stand where the others' stand."""
    lines = render([record("注文", 1, None, 0, 10), record("ab", 2, 1, 0, 10)], 80).splitlines()[3:]
    assert [80, 80] == [cells(line) for line in lines]


def test_several_traces_are_several_blocks():
    """In the order in which they began, an empty line between."""
    later, earlier = record("later", 1, None, 5, 6), record("earlier", 2, None, 0, 1, trace_id=0xDEF)
    blocks = render([later, earlier]).split("\n\n")
    assert [True, True] == ["earlier" in blocks[0], "later" in blocks[1]]


def test_nothing_is_nothing():
    """No spans, no picture."""
    assert "" == render([])


def test_a_span_whose_parent_is_not_there_is_marked():
    """It begins a tree of its own."""
    assert "\n⋯ child " in render([record("child", 2, 1, 0, 1)])


def test_a_status_is_described_once():
    """If the exception says it already, not again."""
    exception = Event("exception", BEGIN_NS, {"exception.type": "E", "exception.message": "no"})
    failed = Status(StatusCode.ERROR, "E: no")
    assert 1 == render([record("x", 1, None, 0, 1, status=failed, events=[exception])]).count("E: no")
    assert "   ✗ E: no\n" in render([record("x", 1, None, 0, 1, status=failed)])


def test_a_span_that_lasted_no_time_has_a_bar():
    """Also alone in its trace."""
    assert "0 ns  █" in render([record("x", 1, None, 0, 0)])


def test_a_deep_tree_stays_within_its_column():
    """A thousand levels; the rails are cut at their left."""
    spans = [record(f"n{number}", number + 1, number or None, 0, 1) for number in range(1000)]
    lines = render(spans, 100).splitlines()
    assert (1003, True) == (len(lines), all(len(line) <= 100 for line in lines))
    assert "╰─ n999" in lines[-1]


def test_many_spans_are_drawn_in_reasonable_time():
    """Ten thousand siblings, each once."""
    spans = [record("root", 1, None, 0, 10_000)]
    spans += [record(f"n{number}", number + 2, 1, number, number + 1) for number in range(10_000)]
    assert 10_004 == len(render(spans, 100).splitlines())


def test_parents_in_a_circle_are_drawn_once_each():
    """Ids from outside need not make sense."""
    spans = [
        record("a", 1, 3, 0, 1),
        record("b", 2, 1, 1, 2),
        record("c", 3, 2, 2, 3),
        record("d", 4, 4, 3, 4),
    ]
    picture = render(spans)
    assert [1, 1, 1, 1] == [
        len(re.findall(rf"(?:─|⋯) {name} |^{name} ", picture, re.MULTILINE)) for name in "abcd"
    ]


def test_spans_with_one_id_are_all_drawn():
    """As when client and server share theirs, or a span arrives twice."""
    spans = [record("a", 1, None, 0, 2), record("b", 1, None, 0, 1), record("c", 2, 1, 0, 1)]
    assert 6 == len(render(spans).splitlines())


def test_odd_objects_are_drawn_as_well_as_they_can_be():
    """A processor may have left anything on a span."""

    class Unshowable:
        def __str__(self):
            raise RuntimeError

        __repr__ = __str__

    span = record("x", 1, None, 0, 1, attributes={"a": Unshowable(), 5: b"x"})
    odd = SimpleNamespace(**{field: getattr(span, field) for field in span.__slots__})
    odd.name, odd.kind, odd.resource, odd.scope, odd.end_ns = None, 77, None, None, None
    odd.status = SimpleNamespace(code=2, description=None)
    assert "✗ None" in render([odd], attributes=True)


@given(batches(), st.integers(40, 200), st.booleans(), st.booleans(), st.booleans())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40)
def test_any_spans_can_be_drawn(spans, width, color, attributes, ascii_only):
    """Each of them has its line, and no line is too long."""
    picture = render(spans, width, color, attributes=attributes, ascii_only=ascii_only)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", picture).split("\n")
    assert len(lines) >= len(spans)
    assert max(map(cells, lines)) <= width
    assert all(line.isprintable() for line in lines)


def test_the_date_is_that_of_the_first_span():
    """To the millisecond, in UTC, whatever the order."""
    assert "2023-11-14 22:13:20.128Z" in render([record("b", 2, 1, 7, 8), record("a", 1, None, 5, 9)])
    assert "1970-01-01 00:00:00.000Z" in render([replace(record("a", 1, None, 0, 1), start_ns=0, end_ns=MS)])
