"""What holds for adding up, however measurements are spread over processes, and for what is written."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.tests._metric_strategies import metric_batches
from midspan import metrics, sdk
from midspan.exporters.prometheus._families import groups_of
from midspan.exporters.prometheus._gauges import checked_gauges
from midspan.exporters.prometheus._merging import merged
from midspan.exporters.prometheus._snapshot import Snapshot, decode, encode
from midspan.exporters.prometheus._whole import Part, whole
from midspan.metrics import ExponentialHistogramPoint, HistogramPoint, SummaryPoint

if TYPE_CHECKING:
    from midspan.exporters.prometheus._families import Groups
    from midspan.metrics import Metric, Point

GAUGES = checked_gauges("livesum")
EXPONENTIAL = "base2_exponential_bucket_histogram"
# Sums of eighths are exact, in whichever order they are added up.
VALUES = st.integers(-(2**20), 2**20).map(lambda number: number / 8)
MEASUREMENTS = st.lists(st.tuples(st.sampled_from(["/", "/cart"]), VALUES), max_size=30)
SERIES = tuple[str, tuple[tuple[str, str], ...]]


def measured(measurements: list[tuple[str, float]], aggregation: str | None = None) -> list[Metric]:
    """Return what one process has to tell of measurements."""
    reader = sdk.PullReader(histogram_aggregation=aggregation)
    pipeline = sdk.configure(exporters=[], metric_readers=[reader], self_metrics=False, environment={})
    meter = metrics.get_meter("shop")
    for route, value in measurements:
        meter.create_counter("orders").add(abs(value), {"route": route})
        meter.create_up_down_counter("carts").add(value, {"route": route})
        meter.create_histogram("latency").record(value, {"route": route})
    told = reader.collect()
    pipeline.shutdown(5)
    return told


def told_by(metrics: list[Metric]) -> Snapshot:
    """Return what another process reads of it."""
    return decode(encode(Snapshot("life", "run", {}, groups_of(metrics, with_scope=False))))


def lines(groups: Groups) -> dict[SERIES, float]:
    """Return all samples by name and labels."""
    return {
        (
            group.name + line.suffix,
            (*series.labels.items(), *([line.extra] if line.extra else ())),
        ): line.value
        for group in groups
        for series in group.family().series
        for line in series.lines
    }


@given(shares=st.lists(MEASUREMENTS, min_size=1, max_size=4), ended=st.integers(0, 3))
def test_several_processes_tell_the_same_as_one(shares, ended):
    """Totals of any partition of measurements are those of all, be it that some processes have ended."""
    parts = [Part(told_by(measured(share)), None if at < ended else at) for at, share in enumerate(shares)]
    living = [each for share in shares[ended:] for each in share]
    everything = lines(groups_of(measured([each for share in shares for each in share]), with_scope=False))
    levels = lines(groups_of(measured(living), with_scope=False))
    expected = {key: value for key, value in everything.items() if key[0] != "carts"}
    expected |= {key: value for key, value in levels.items() if key[0] == "carts"}
    assert expected == lines(whole(parts, GAUGES))


@given(shares=st.lists(MEASUREMENTS, min_size=1, max_size=4))
def test_exponential_histograms_lose_no_measurement(shares):
    """Their scales may differ: all is counted up to each bound that they have in common."""
    told = [measured(share, EXPONENTIAL) for share in shares]
    added = lines(whole([Part(told_by(each), at) for at, each in enumerate(told)], GAUGES))
    alone = [lines(groups_of(each, with_scope=False)) for each in told]
    for (name, labels), value in added.items():
        if name == "latency_count" or ("le", "+Inf") in labels:
            assert value == sum(each.get((name, labels), 0) for each in alone)
    everything = lines(
        groups_of(measured([each for share in shares for each in share], EXPONENTIAL), with_scope=False)
    )
    for key in everything.keys() & added.keys():
        assert everything[key] == added[key]


@given(shares=st.lists(MEASUREMENTS, min_size=3, max_size=3))
def test_the_order_of_the_ends_does_not_matter(shares):
    """What was archived bit by bit is what would have been archived at once."""
    first, second, third = (Part(told_by(measured(share)), None) for share in shares)
    both = Part(Snapshot("", "run", {}, whole([first, second], GAUGES)), None)
    archived = Part(decode(encode(both.snapshot)), None)
    assert lines(whole([first, second, third], GAUGES)) == lines(whole([archived, third], GAUGES))


def holds_doubles(point: Point) -> bool:
    """Say whether buckets are where numbers can be: one that lies beyond is not read again."""
    if not isinstance(point, ExponentialHistogramPoint):
        return True
    sides = (point.positive, point.negative)
    return point.scale <= 20 and all(abs(side.offset) >> max(point.scale, 0) <= 1100 for side in sides)


@given(batch=metric_batches())
def test_what_is_written_can_be_read(batch):
    """Whatever the metrics are: each series that can be shown is there again, but for quantiles."""
    written = groups_of([each._replace(points=list(filter(holds_doubles, each.points))) for each in batch])
    read = decode(encode(Snapshot("life", "run", {"service_name": "shop"}, written)))
    assert ("life", "run", {"service_name": "shop"}) == read[:3]
    found = lines(read.groups)
    for key, value in lines(written).items():
        if "quantile" not in dict(key[1]):
            assert value == found[key] or (math.isnan(value) and math.isnan(found[key]))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (((1, 2, 4), (1.0, 5.0)), ((8, 16), (5.0,)), ([11, 20], [5.0])),
        (((1, 2), (1.0,)), ((4, 8), (2.0,)), ([15], [])),
        (((), ()), ((4, 8), (2.0,)), ([15], [])),
        (((1, 2, 4), (1.0, 5.0)), ((1, 2, 4), (1.0, 5.0)), ([2, 4, 8], [1.0, 5.0])),
    ],
    ids=["one bound in common", "none", "no buckets", "all"],
)
def test_buckets_with_other_bounds_are_added_between_those_in_common(first, second, expected):
    """A release that changes them goes round worker by worker; no measurement is lost."""
    points = [
        HistogramPoint({}, 1, 2, sum(counts) or 3, 1.5, counts, bounds) for counts, bounds in (first, second)
    ]
    both = merged(*points, "histogram")
    assert expected == (list(both.bucket_counts), list(both.bounds))
    assert (sum(expected[0]), 3.0) == (both.count, both.sum)


def test_summaries_of_several_processes_have_no_quantiles():
    """The sum and the count are those of all; there is no sum of two medians."""
    points = [SummaryPoint({}, 1, 2, 3, 4.5, ((0.5, 1.25),))] * 2
    assert SummaryPoint({}, 1, 2, 6, 9.0, ()) == merged(*points, "summaries")
