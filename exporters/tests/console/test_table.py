# ruff: noqa: RUF001 - times, not the letter

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporters.tests._metric_strategies import metric_batches
from exporters.tests.console._readings import histogram, metric, number, readings
from midspan.exporters.console import render_metrics
from midspan.exporters.console._text import cells
from midspan.metrics import Exemplar, MetricKind, NumberPoint, Temporality

PICTURE = """\
── metrics ─────────────────────────────────────────────────────────────────────── 2023-11-14 22:13:32.423Z ──
   7 metrics: 2 OpenCensus, 5 native · 9 series · in 12.30 s
■ checkout  native  shop.checkout 1.2.0
   orders            counter    route=/checkout      27 order
                                route=/cart           3 order
   charge.duration   histogram  card=visa            29 × 26.21 ms  6.5 ▂█▆▂▁ 212.5  p50 ~22.32  p95 ~88.75
                     ↗ 212.5 ms in trace 00000000000000000000000000000abc  cart=31
                                card=amex             1 × 7 ms
   carts.open        up-down                         -2
   load              gauge                       0.7251
■ checkout  native  shop.http
   request.size      histogram                       40 × 1300 By  300 ▂█▄▂ 3900  p50 ~896  p95 ~3159
■ billing  OpenCensus  midspan.bridges.opencensus 0.1.0
   billing/requests  counter    method=POST         +30
   billing/latency   summary    method=POST          30 × 10.5 ms  p50 8  p99 62.5
"""


def test_a_collection_is_a_table():
    """Who counted what through which interface, each series in a row, and where to look for the odd one."""
    assert PICTURE == render_metrics(readings(), 110)


NARROW = """\
-- metrics ----------------------------------------- 2023-11-14 22:13:32.423Z --
   7 metrics: 2 OpenCensus, 5 native | 9 series | in 12.30 s
# checkout  native  shop.checkout 1.2.0
   orders            route=/checkout      27 order
                     route=/cart           3 order
   charge.duration   card=visa            29 x 26.21 ms  6.5 -@#-: 212.5
                     ^ 212.5 ms in trace 00000000000000000000000000000abc  cart~
                     card=amex             1 x 7 ms
   carts.open                             -2
   load                               0.7251
# checkout  native  shop.http
   request.size                           40 x 1300 By  300 -@+- 3900
# billing  OpenCensus  midspan.bridges.opencensus 0.1.0
   billing/requests  method=POST         +30
   billing/latency   method=POST          30 x 10.5 ms  p50 8  p99 62.5
"""


def test_where_there_is_little_room_the_numbers_stay():
    """Kinds go first, and of how values are spread only what fits whole is told."""
    assert NARROW == render_metrics(readings(), 80, ascii_only=True)


@given(metric_batches(), st.integers(1, 200), st.booleans())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=100)
def test_no_line_is_wider_than_the_terminal(batch, width, ascii_only):
    """Whatever metrics are called and whatever they hold, nothing is printed beyond the last cell."""
    lines = render_metrics(batch, width, ascii_only=ascii_only).splitlines()
    assert max(map(cells, lines)) <= max(width, 40)


@given(metric_batches(), st.integers(40, 200))
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=50)
def test_colours_change_nothing_but_colours(batch, width):
    """Without the escape sequences, it is the same table; and no other control characters are printed."""
    coloured = render_metrics(batch, width, True)
    plain = coloured
    for style in ("0", "1", "90", "32", "36", "33", "35", "94", "96", "93", "95", "34", "1;31"):
        plain = plain.replace(f"\x1b[{style}m", "")
    assert (render_metrics(batch, width), True) == (plain, plain.replace("\n", "").isprintable())


def test_nothing_is_drawn_of_nothing():
    """No metrics, no table."""
    assert render_metrics([]) == ""


def test_what_comes_from_outside_cannot_steer_the_terminal():
    """Names, units, attributes, scopes, services."""
    odd = "\x1b[2J\n"
    text = render_metrics(
        [metric(MetricKind.GAUGE, number(1, a=odd), name=odd, unit=odd, scope=odd, version=odd, service=odd)]
    )
    assert (5, False) == (len(text.replace("\\n", "").splitlines()) + 1, "\x1b" in text)


def test_many_series_are_counted_but_not_shown():
    """A table of two thousand rows is not read by anybody."""
    many = metric(MetricKind.SUM, *(number(n, n=n) for n in range(30)))
    shown = [render_metrics([many]), render_metrics([many], max_series=None)]
    assert ([23, 32], [True, False]) == (
        [len(text.splitlines()) - 1 for text in shown],
        ["… 10 more series" in text for text in shown],
    )


def test_the_largest_exemplar_is_the_one_that_is_shown():
    """What stands out is what is looked for; one of no trace points nowhere."""
    exemplars = [
        Exemplar(9.0, 1),
        Exemplar(1.0, 1, 0xA1, 1),
        Exemplar(5.0, 1, 0xB2, 2),
        Exemplar(2.0, 1, 0xC3, 3),
    ]
    text = render_metrics([metric(MetricKind.SUM, number(17, exemplars))])
    assert [f"↗ 5 in trace {0xB2:032x}"] == [line.strip() for line in text.splitlines() if "in trace" in line]


@pytest.mark.parametrize(
    ("point", "row"),
    [
        (histogram([0, 0], [5], sum=0.0), "0 values"),
        (histogram([1, 1], [5], sum=None), "2 values"),
        (histogram([0, 30], [5], sum=210.0), "30 × 7 ms  p50 ~5  p95 ~5"),
        (histogram([0, 30], [5], sum=210.0, min=6, max=9), "30 × 7 ms  6 … 9  p50 ~7.5  p95 ~8.85"),
        (histogram([0, 9], [5], sum=63.0, min=6, max=9), "9 × 7 ms  6 … 9"),
        (histogram([], [], count=3, sum=21.0, min=6, max=9), "3 × 7 ms  6 … 9"),
        (histogram([1, 3], [5], sum=21.0), "4 × 5.25 ms  ▃█"),
    ],
    ids=["empty", "no sum", "one bucket", "one bucket, bounded", "few", "no buckets", "no minimum"],
)
def test_of_a_histogram_is_told_what_is_known(point, row):
    """Count, mean, extremes, shape, estimates: nothing is made up."""
    text = render_metrics([metric(MetricKind.HISTOGRAM, point, unit="ms")])
    assert f"   orders  histogram  {row}" == text.splitlines()[-1]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (123_456_789_012, "123456789012"),
        (2.0, "2"),
        (1 / 3, "0.3333"),
        (1e12, "1e+12"),
        (2**70, "1.181e+21"),
    ],
)
def test_numbers_are_short_but_counts_are_exact(value, shown):
    """Four digits of a measurement; every digit of a count."""
    assert shown == render_metrics([metric(MetricKind.GAUGE, number(value))]).split()[-1]


def test_a_count_since_the_last_time_has_a_sign():
    """A reader of delta metrics sees increases, not totals."""
    delta = metric(MetricKind.SUM, number(3), temporality=Temporality.DELTA)
    assert "+3" == render_metrics([delta]).split()[-1]


def test_a_metric_that_cannot_be_shown_costs_nothing_but_itself(troubles):
    """The metrics around it are shown."""
    odd = metric(MetricKind.GAUGE, NumberPoint({}, 0, 1, "many"), name="odd")
    text = render_metrics([metric(MetricKind.GAUGE, number(1)), odd])
    assert (True, 1) == ("orders" in text, troubles()["console.odd_metric"])


def test_a_metric_without_series_says_so():
    """It exists, and nothing was measured."""
    assert "no series" in render_metrics([metric(MetricKind.GAUGE)])


def test_services_can_have_the_colours_that_a_tree_above_gave_them():
    """Those that are named take theirs first, measured or not."""
    before, after = (
        render_metrics([metric(MetricKind.GAUGE, number(1))], color=True, services=services)
        for services in ([], ["storefront", "checkout"])
    )
    assert ["\x1b[36m■ checkout\x1b[0m", "\x1b[33m■ checkout\x1b[0m"] == [
        text.splitlines()[2].split("  ")[0] for text in (before, after)
    ]
