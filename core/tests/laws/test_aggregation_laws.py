"""Laws of aggregations: what is written for speed says the same as what is written plainly."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midspan import metrics, sdk
from midspan.metrics._seam import binding
from midspan.sdk import aggregation

KINDS = {
    "counter": (aggregation.Sum, aggregation.ExplicitBuckets, aggregation.MinMaxSumCount),
    "up_down_counter": (aggregation.Sum, aggregation.LastValue, aggregation.ExponentialBuckets),
    "histogram": (aggregation.ExplicitBuckets, aggregation.MinMaxSumCount, aggregation.ExponentialBuckets),
    "gauge": (aggregation.LastValue,),
}
PAIRS = [(kind, made) for kind, all_made in KINDS.items() for made in all_made]
VERBS = {"gauge": "set", "histogram": "record"}
# Halves add up exactly, in any order.
AMOUNTS = st.integers(-100_000, 100_000).map(lambda number: number / 2)
STEPS = st.lists(st.lists(st.tuples(st.sampled_from("abc"), AMOUNTS), max_size=12), min_size=1, max_size=4)


@pytest.fixture(autouse=True)
def nothing_left():
    """Leave no pipeline and no instrument behind."""
    yield
    sdk.reset()
    for instrument in list(binding.instruments.values()):
        binding.forget(instrument)


def told(views, kind, temporality, steps):
    """Measure in steps; return the points of each collection, by name, without their times."""
    reader = sdk.PullReader(lambda _: temporality)
    sdk.configure(exporters=[], metric_readers=[reader], views=views, environment={}, detectors=[])
    instrument = getattr(metrics.get_meter("laws"), f"create_{kind}")("c")
    record = getattr(instrument, VERBS.get(kind, "add"))
    collections = []
    for step in steps:
        for key, amount in step:
            record(amount, {"key": key})
        collected = {metric.name: metric.points for metric in reader.collect()}
        collections.append(
            {
                name: [point._replace(start_ns=0, time_ns=0) for point in points]
                for name, points in collected.items()
            }
        )
    return collections


@pytest.mark.parametrize("temporality", metrics.Temporality)
@pytest.mark.parametrize(("kind", "made"), PAIRS)
@settings(max_examples=30)  # each configures a pipeline
@given(steps=STEPS)
def test_points_made_at_once_are_those_made_one_by_one(kind, made, temporality, steps):
    """A class derived from an aggregation of ours takes the plain way, and tells the same."""
    derived = type("Derived", (made,), {})
    views = [
        sdk.View(name="c", rename="ours", aggregation=made()),
        sdk.View(name="c", rename="derived", aggregation=derived()),
    ]
    for collected in told(views, kind, temporality, steps):
        assert collected.get("ours") == collected.get("derived")


@pytest.mark.parametrize(("kind", "made"), PAIRS)
@settings(max_examples=30)  # each configures a pipeline
@given(steps=STEPS)
def test_differences_add_up_to_the_total(kind, made, steps):
    """Counts and sums of all delta points of a series are those of its last cumulative one."""
    views = [sdk.View(name="c", rename="c2", aggregation=made())]
    deltas = told(views, kind, metrics.Temporality.DELTA, steps)
    total = told(views, kind, metrics.Temporality.CUMULATIVE, steps)[-1]
    if made is aggregation.LastValue:
        assert total == deltas[-1]
        return
    summed: dict = {}
    for collected in deltas:
        for point in collected.get("c2", ()):
            amounts = (point.value,) if made is aggregation.Sum else (point.count, point.sum)
            key = point.attributes["key"]
            summed[key] = [a + b for a, b in zip(summed.get(key, [0, 0]), amounts, strict=False)]
    for point in total.get("c2", ()):
        amounts = [point.value] if made is aggregation.Sum else [point.count, point.sum]
        assert amounts == summed[point.attributes["key"]]


@pytest.mark.parametrize(
    ("kind", "made"), [pair for pair in PAIRS if pair[1] not in (aggregation.Sum, aggregation.LastValue)]
)
@settings(max_examples=30)  # each configures a pipeline
@given(steps=STEPS)
def test_the_extremes_are_those_of_what_was_measured(kind, made, steps):
    """Of each collection, for a delta reader."""
    views = [sdk.View(name="c", rename="c2", aggregation=made())]
    for step, collected in zip(steps, told(views, kind, metrics.Temporality.DELTA, steps), strict=True):
        for point in collected.get("c2", ()):
            values = [amount for key, amount in step if key == point.attributes["key"]]
            assert (min(values), max(values), len(values)) == (point.min, point.max, point.count)
