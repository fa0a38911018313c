"""Whatever instruments are given: nothing raises, and nothing else is harmed."""

from __future__ import annotations

import math

import pytest

from midspan import metrics, sdk

HUGE = 10**5000


class Raising(dict):
    """A mapping whose truth value and items raise."""

    def __bool__(self) -> bool:
        raise ValueError("no")

    def items(self):
        raise ValueError("no")


class Unhashable:
    """What has neither a hash nor equality, nor a text."""

    def __hash__(self) -> int:
        raise ValueError("no")

    def __eq__(self, other: object) -> bool:
        raise ValueError("no")

    def __str__(self) -> str:
        raise ValueError("no")


@pytest.mark.parametrize("amount", [HUGE, 1 << 63, -(1 << 63) - 1], ids=["huge", "above", "below"])
@pytest.mark.parametrize(
    ("kind", "verb"),
    [("counter", "add"), ("up_down_counter", "add"), ("gauge", "set"), ("histogram", "record")],
)
def test_an_integer_past_64_bits_is_no_measurement(meter, points, kind, verb, amount):
    """It is counted as a trouble, and the series goes on."""
    record = getattr(getattr(meter, f"create_{kind}")("c"), verb)
    record(amount)
    record(1.5)
    point = points("c")[()]
    assert 1.5 == (point.sum if kind == "histogram" else point.value)
    assert 1 == sdk.get_pipeline().stats().troubles["metrics.bad_value"]


@pytest.mark.parametrize("amount", [(1 << 63) - 1, -(1 << 63), 1e300, -1e300])
def test_every_integer_of_64_bits_and_every_finite_float_is_one(meter, points, amount):
    """The greatest and the least too."""
    meter.create_up_down_counter("c").add(amount)
    meter.create_gauge("g").set(amount)
    assert (amount, amount) == (points("c")[()].value, points("g")[()].value)


def test_a_sum_that_leaves_64_bits_becomes_a_float(meter, points):
    """So that every exporter can send it."""
    counter = meter.create_counter("c")
    counter.add((1 << 63) - 1)
    counter.add((1 << 63) - 1)
    (point,) = points("c").values()
    assert (float, float(1 << 64)) == (type(point.value), point.value)


@pytest.mark.parametrize("aggregation", ["sum", "explicit_bucket_histogram", "min_max_sum_count"])
def test_a_sum_past_all_floats_stays_finite(meter, aggregation):
    """It is told as the greatest float, and a delta reader is told no nonsense."""
    reader = sdk.PullReader("delta")
    view = sdk.View(name="c", aggregation=aggregation)
    sdk.configure(exporters=[], metric_readers=[reader], views=[view], environment={}, detectors=[])
    counter = meter.create_counter("c")
    for _ in range(3):
        counter.add(1.7e308)
        for metric in reader.collect():
            for point in metric.points:
                assert math.isfinite(point.sum if hasattr(point, "sum") else point.value)


@pytest.mark.parametrize("attributes", [Raising(a=1), {"k": Unhashable()}, 5, [("a", 1)]])
def test_attributes_that_raise_cost_no_measurement(meter, reader, attributes):
    """Every verb takes them, bound or not, and the total is true."""
    counter = meter.create_counter("c")
    counter.add(1, attributes)
    counter.bind(attributes).add(2)
    metrics.record_batch(attributes, [(counter, 4)])
    (metric,) = [metric for metric in reader.collect() if metric.name == "c"]
    assert [7] == [point.value for point in metric.points]


@pytest.mark.parametrize("attributes", [Raising(a=1), {"k": Unhashable()}, 5])
def test_an_odd_observation_costs_no_other(meter, points, attributes):
    """The other observations of the callback are told, and the other instruments."""
    answers = [metrics.Observation(1, attributes), metrics.Observation(2, {"a": 1}), Unhashable(), 7]
    meter.create_observable_gauge("odd", [lambda: answers])
    meter.create_counter("other").add(3)
    told = {key: point.value for key, point in points("odd").items()}
    assert {2, 7} <= set(told.values())
    assert 3 == points("other")[()].value


@pytest.mark.parametrize("error", [ValueError, SystemExit, MemoryError, RecursionError])
def test_whatever_a_callback_raises_ends_there(meter, points, error):
    """What it reported before counts, and the other instruments are told."""

    def callback():
        yield 4
        raise error

    meter.create_observable_gauge("raising", [callback])
    meter.create_counter("other").add(3)
    assert (4, 3) == (points("raising")[()].value, points("other")[()].value)


def test_a_callback_without_end_is_ended(meter, points):
    """It is cut off, and said."""

    def for_ever():
        while True:
            yield 1

    meter.create_observable_gauge("endless", [for_ever])
    assert 1 == points("endless")[()].value
    assert 1 == sdk.get_pipeline().stats().troubles["metrics.observations"]


def test_an_aggregation_of_ones_own_that_raises_costs_no_other_metric(meter):
    """Neither the caller nor the other instruments notice."""

    class Raises(sdk.aggregation.Sum):
        def point(self, snapshot, earlier, moment):
            raise ValueError("no")

        def series(self, instrument):
            class Series:
                def update(self, amount):
                    raise ValueError("no")

                def snapshot(self):
                    return 1

            return Series()

    reader = sdk.PullReader()
    views = [sdk.View(name="own", aggregation=Raises())]
    sdk.configure(exporters=[], metric_readers=[reader], views=views, environment={}, detectors=[])
    meter.create_counter("own").add(1)
    meter.create_counter("other").add(2)
    assert ["other"] == [metric.name for metric in reader.collect() if metric.scope == meter.scope]
    troubles = sdk.get_pipeline().stats().troubles
    assert (1, 1) == (troubles["metrics.aggregation"], troubles["metrics.collect"])


@pytest.mark.parametrize("odd", [Unhashable(), [1], {"a": 1}, b"x", None, 5])
def test_names_and_units_may_be_anything(odd, reader):
    """An instrument is made, it measures, and its texts are texts."""
    meter = metrics.get_meter(odd, odd, odd, {"k": odd})
    counter = meter.create_counter(odd, unit=odd, description=odd)
    counter.add(1)
    (metric,) = [metric for metric in reader.collect() if metric.scope == meter.scope]
    texts = [metric.name, metric.unit, metric.description, metric.scope.name, metric.scope.version]
    assert ([str] * 5, True) == ([type(text) for text in texts], bool(metric.name))


def test_callbacks_that_are_no_list_are_left_out(meter, points):
    """The instrument is made all the same."""
    gauge = meter.create_observable_gauge("g", 5)
    gauge.add_callback(lambda: [3])
    assert 3 == points("g")[()].value


def test_a_batch_that_is_none_is_reported(meter, points):
    """What came before the odd item counts."""
    counter = meter.create_counter("c")
    metrics.record_batch({}, [(counter, 1), 5])
    assert 1 == points("c")[()].value
    assert 1 == sdk.get_pipeline().stats().troubles["metrics.batch"]


@pytest.mark.parametrize(
    "boundaries", [(1, math.nan), (math.inf, math.inf), ("a", "b"), 5, (1, 10**400)], ids=range(5)
)
def test_boundaries_that_are_none_are_refused(meter, boundaries):
    """Where they are written."""
    with pytest.raises(ValueError, match="ascend"):
        meter.create_histogram("h", boundaries=boundaries)


def test_infinity_at_the_end_of_the_boundaries_goes_without_saying(meter, points):
    """Every histogram has that bucket; Prometheus users write it down."""
    meter.create_histogram("h", boundaries=(1, 2, math.inf)).record(7)
    assert ((1, 2), (0, 0, 1)) == (points("h")[()].bounds, points("h")[()].bucket_counts)


def test_a_collection_within_a_collection_is_empty(meter, reader):
    """A callback that collects does not wait for itself."""
    inner = []
    meter.create_observable_gauge("g", [lambda: inner.append(reader.collect()) or [1]])
    assert "g" in {metric.name for metric in reader.collect()}
    assert [[]] == inner


def test_a_collection_waits_for_no_series_for_ever(meter):
    """One that is being counted where a signal handler interrupted it is told the next time."""
    reader = sdk.PullReader("delta", histogram_aggregation="base2_exponential_bucket_histogram")
    sdk.configure(exporters=[], metric_readers=[reader], environment={}, detectors=[])
    histogram = meter.create_histogram("h")
    histogram.record(1)
    meter.create_counter("other").add(2)
    (series,) = histogram._store.streams[0].all_series()
    series._folding.acquire()
    assert ["other"] == [metric.name for metric in reader.collect() if metric.scope == meter.scope]
    series._folding.release()
    assert [1] == [m.points[0].count for m in reader.collect() if m.scope == meter.scope]


def test_ten_thousand_instruments_are_made_in_linear_time(meter, reader):
    """Finding namesakes looks at no others."""
    import time

    def took(count: int, name: str) -> float:
        before = time.process_time()
        for number in range(count):
            meter.create_counter(f"{name}.{number}")
        return time.process_time() - before

    few = min(took(500, f"few{n}") for n in range(3))
    many = took(10_000, "many")
    # Twenty times as many would take four hundred times as long if each looked at all the others.
    assert many < 20 * few * 6
