from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.tests.console._readings import END_NS, histogram
from midspan import metrics, sdk
from midspan.exporters.console._distribution import Bucket, buckets_of, quantile, sparkline
from midspan.exporters.console._style import ASCII, UNICODE
from midspan.metrics import Buckets, ExponentialHistogramPoint

VALUES = st.lists(st.floats(-1000, 1000), min_size=1, max_size=50)


def collected(values, aggregation):
    """Return the point that a histogram's aggregation makes of values."""
    reader = sdk.PullReader()
    view = sdk.View(name="h", aggregation=aggregation)
    sdk.configure(exporters=[], metric_readers=[reader], views=[view], environment={}, detectors=[])
    instrument = metrics.get_meter("m").create_histogram("h")
    for value in values:
        instrument.record(value)
    (metric,) = (each for each in reader.collect() if each.name == "h")
    return metric.points[0]


AGGREGATIONS = [
    sdk.aggregation.ExplicitBuckets((-500, -50, -5, 0, 5, 50, 500)),
    sdk.aggregation.ExponentialBuckets(),
]


@pytest.mark.parametrize("aggregation", AGGREGATIONS, ids=["explicit", "exponential"])
@given(values=VALUES)
def test_buckets_hold_all_values_and_estimates_stay_between_them(aggregation, values):
    """Counts add up, edges ascend, and no estimate lies beyond the least and the most."""
    sdk.reset()
    buckets = buckets_of(collected(values, aggregation))
    estimates = [quantile(buckets, share / 10) for share in range(11)]
    edges = [edge for bucket in buckets for edge in bucket[:2]]
    assert (len(values), sorted(edges), sorted(estimates)) == (
        sum(bucket.count for bucket in buckets),
        edges,
        estimates,
    )
    assert (min(values), max(values)) == (edges[0], edges[-1])


def test_estimates_come_near():
    """Of ten thousand values, with the buckets that an exponential histogram has by default: five percent."""
    values = sorted(random.Random(7).lognormvariate(3, 1) for _ in range(10_000))
    buckets = buckets_of(collected(values, sdk.aggregation.ExponentialBuckets()))
    exact = [values[int(share * len(values))] for share in (0.5, 0.95)]
    assert exact == [pytest.approx(quantile(buckets, share), rel=0.05) for share in (0.5, 0.95)]


def test_zero_has_a_bucket_of_its_own():
    """Between the negative and the positive ones."""
    point = ExponentialHistogramPoint(
        {}, 0, END_NS, 6, 0.0, 0, 2, Buckets(0, (1,)), Buckets(1, (3,)), None, None
    )
    assert [Bucket(-4, -2, 3), Bucket(0, 0, 2), Bucket(1, 2, 1)] == buckets_of(point)


def test_scales_beyond_what_a_double_holds_are_bounded():
    """The largest bucket of the coarsest scale ends somewhere."""
    point = ExponentialHistogramPoint(
        {}, 0, END_NS, 1, 1.0, -10, 0, Buckets(2**30, (1,)), Buckets(-(2**31), (1,)), None, None
    )
    assert all(abs(bucket.high) < float("inf") for bucket in buckets_of(point))


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=200))
def test_a_sparkline_is_never_long(counts):
    """Neighbours share a cell where there are many; an empty one is a dot, the fullest is full."""
    buckets = [Bucket(number, number + 1, count) for number, count in enumerate(counts)]
    line = sparkline(buckets, UNICODE)
    assert (True, bool(sum(counts))) == (1 <= len(line) <= 16, "█" in line)


def test_a_sparkline_shows_what_is_empty():
    """A gap in a distribution is seen."""
    counts = [1, 0, 8, 4]
    buckets = [Bucket(number, number + 1, count) for number, count in enumerate(counts)]
    assert ("▁·█▄", ":.@+") == (sparkline(buckets, UNICODE), sparkline(buckets, ASCII))


def test_what_is_beyond_the_bounds_is_not_guessed():
    """Without a least and a most value, the outer buckets end at the last bound, or begin at zero."""
    assert [Bucket(0, 5, 1), Bucket(5, 9, 2), Bucket(9, 9, 3)] == buckets_of(histogram([1, 2, 3], [5, 9]))
