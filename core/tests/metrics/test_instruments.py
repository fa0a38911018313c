from __future__ import annotations

import pytest

from midspan import metrics, sdk

ROUTE = (("route", "/"),)


def test_a_counter_adds_up_by_attributes(meter, points):
    """Each set of attributes is a series of its own, in whichever order its keys come."""
    counter = meter.create_counter("requests", unit="1")
    counter.add(1, {"route": "/", "method": "GET"})
    counter.add(2, {"method": "GET", "route": "/"})
    counter.add(5)
    assert {(("route", "/"), ("method", "GET")): 3, (): 5} == {
        k: p.value for k, p in points("requests").items()
    }


def test_a_counter_refuses_to_shrink(meter, points):
    """A negative amount is dropped and counted; the sum stays true."""
    counter = meter.create_counter("grows")
    counter.add(2)
    counter.add(-1)
    counter.add(-0.5)
    assert 2 == points("grows")[()].value
    assert 2 == sdk.get_pipeline().stats().troubles["metrics.negative"]


def test_an_up_down_counter_shrinks(meter, points):
    """Amounts of either sign count, and the metric says that it is not monotonic."""
    counter = meter.create_up_down_counter("queue")
    counter.add(5)
    counter.add(-7)
    assert -2 == points("queue")[()].value


def test_a_gauge_keeps_the_last_value(meter, points):
    """Only the last value of a series is told."""
    gauge = meter.create_gauge("temperature", unit="Cel")
    gauge.set(20.5, {"room": 1})
    gauge.set(-3, {"room": 1})
    assert -3 == points("temperature")[(("room", 1),)].value


def test_a_histogram_counts_into_buckets(meter, points):
    """A value equal to a boundary belongs below it; sum, least and greatest are told."""
    histogram = meter.create_histogram("size", boundaries=(1, 10))
    for value in (1, 1.5, 10, 11, 500):
        histogram.record(value)
    point = points("size")[()]
    assert ((1, 2, 2), 5, 523.5, 1, 500) == (
        point.bucket_counts,
        point.count,
        point.sum,
        point.min,
        point.max,
    )
    assert (1, 10) == point.bounds


def test_a_histogram_has_the_specifications_boundaries_by_default(meter, points):
    """Without advice, the fifteen of the specification hold."""
    meter.create_histogram("latency").record(7)
    assert sdk.aggregation.DEFAULT_BOUNDARIES == points("latency")[()].bounds


@pytest.mark.parametrize("boundaries", [(1, 1), (2, 1)])
def test_boundaries_must_ascend(meter, boundaries):
    """Advice that no histogram can follow is refused where it is given."""
    with pytest.raises(ValueError, match="ascend"):
        meter.create_histogram("bad", boundaries=boundaries)


@pytest.mark.parametrize("amount", [float("nan"), float("inf"), "x", None, object(), [1]])
def test_what_is_no_finite_number_is_dropped(meter, points, amount):
    """It is counted, raises nothing, and harms no other measurement."""
    counter, histogram, gauge = (
        meter.create_counter("c"),
        meter.create_histogram("h"),
        meter.create_gauge("g"),
    )
    for instrument, verb in ((counter, "add"), (histogram, "record"), (gauge, "set")):
        getattr(instrument, verb)(1)
        getattr(instrument, verb)(amount)
    assert (1, 1, 1) == (points("c")[()].value, points("h")[()].count, points("g")[()].value)
    assert 3 == sdk.get_pipeline().stats().troubles["metrics.bad_value"]


def test_odd_numbers_count_as_numbers(meter, points):
    """Booleans, integers of subclasses and fractions are turned into int or float."""
    from fractions import Fraction

    counter = meter.create_up_down_counter("odd")
    for amount in (True, Fraction(1, 2), Fraction(-1, 4)):
        counter.add(amount)
    assert 1.25 == points("odd")[()].value
    assert float is type(points("odd")[()].value)


def test_integers_of_other_types_stay_integers(meter, points):
    """What has an `__index__`, as numpy's integers do, is no float."""

    class Three:
        def __index__(self) -> int:
            return 3

    meter.create_counter("c").add(Three())
    assert (int, 3) == (type(points("c")[()].value), points("c")[()].value)


@pytest.mark.parametrize("attributes", [{"k": [1, 2]}, {"k": {"a": 1}}, {1: "x"}, {"k": {3}}])
def test_odd_attributes_find_their_series_again(meter, reader, attributes):
    """Attributes that cannot be a key of a dictionary are cleaned, and counted together."""
    counter = meter.create_counter("odd.attributes")
    counter.add(1, attributes)
    counter.add(2, attributes)
    (metric,) = reader.collect()
    assert [3] == [point.value for point in metric.points]


@pytest.mark.parametrize("attributes", [5, "text", [1]])
def test_attributes_that_are_none_are_left_out(meter, points, attributes):
    """The measurement counts all the same."""
    meter.create_counter("c").add(1, attributes)
    assert 1 == points("c")[()].value


def test_a_bound_instrument_needs_no_attributes(meter, points):
    """What is bound and what is given in the call end in one series."""
    counter = meter.create_counter("bound")
    bound = counter.bind({"route": "/"})
    bound.add(2)
    bound.add()
    counter.add(1, {"route": "/"})
    assert 4 == points("bound")[ROUTE].value
    assert "bind({'route': '/'})" in repr(bound)


def test_a_bound_instrument_of_each_kind_has_its_verb(meter, points):
    """Histograms record and gauges set through a bound instrument too."""
    meter.create_histogram("h").bind({}).record(4)
    meter.create_gauge("g").bind({}).set(5)
    assert (4, 5) == (points("h")[()].sum, points("g")[()].value)


def test_a_closed_bound_instrument_records_nothing(meter, points):
    """What it recorded stays."""
    bound = meter.create_counter("closed").bind({"route": "/"})
    bound.add(1)
    bound.close()
    bound.close()
    bound.add(1)
    assert 1 == points("closed")[ROUTE].value


def test_instruments_made_before_configure_record_after_it():
    """A library may make its instruments at import; bound ones are served as well."""
    counter = metrics.get_meter("early").create_counter("early")
    bound = counter.bind({"route": "/"})
    counter.add(1)
    bound.add(1)
    reader = sdk.PullReader()
    sdk.configure(exporters=[], metric_readers=[reader], environment={}, detectors=[])
    counter.add(10)
    bound.add(20)
    (metric,) = [metric for metric in reader.collect() if metric.name == "early"]
    assert {10, 20} == {point.value for point in metric.points}


def test_the_same_instrument_is_one_object(meter, points):
    """Names have no case; both callers add to one sum."""
    first, second = meter.create_counter("same", unit="1"), meter.create_counter("SAME", unit="1")
    assert first is second


def test_a_namesake_of_another_kind_is_another_instrument(meter, points):
    """A warning names both, and each is told."""
    meter.create_counter("twice").add(1)
    meter.create_histogram("twice").record(2)
    assert 1 == sdk.get_pipeline().stats().troubles["metrics.duplicate.twice"]


@pytest.mark.parametrize("name", ["", "x" * 256, None, 5])
def test_a_bad_name_is_reported_and_used(meter, reader, name):
    """Nothing raises, and no measurement is lost."""
    meter.create_counter(name).add(1)
    (metric,) = reader.collect()
    assert 0 < len(metric.name) <= 255
    assert 1 == sdk.get_pipeline().stats().troubles["metrics.name"]


def test_a_batch_shares_its_attributes(meter, points):
    """Several instruments take a measurement each, with the same attributes."""
    counter, histogram = meter.create_counter("c"), meter.create_histogram("h")
    metrics.record_batch({"route": "/"}, [(counter, 2), (histogram, 30)])
    assert (2, 30) == (points("c")[ROUTE].value, points("h")[ROUTE].sum)


def test_callbacks_are_asked_at_each_collection(meter, points):
    """Each value that a callback reports is a series; what is not mentioned again is gone."""
    rooms = {"a": 1.5, "b": 2}
    meter.create_observable_gauge(
        "warmth", [lambda: [metrics.Observation(v, {"room": k}) for k, v in rooms.items()]]
    )
    assert {(("room", "a"),): 1.5, (("room", "b"),): 2} == {k: p.value for k, p in points("warmth").items()}
    del rooms["a"]
    assert {(("room", "b"),): 2} == {k: p.value for k, p in points("warmth").items()}


def test_observed_sums_are_told_whole(meter, points):
    """An observable counter reports its sum, not an increase."""
    seen = [5]
    meter.create_observable_counter("seen", [lambda: seen])
    meter.create_observable_up_down_counter("level", [lambda: [-3]])
    assert (5, -3) == (points("seen")[()].value, points("level")[()].value)
    seen[0] = 7
    assert 7 == points("seen")[()].value


def test_a_callback_that_fails_does_not_silence_the_others(meter, points):
    """It is reported; the other callbacks are asked all the same."""
    meter.create_observable_gauge("partly", [lambda: 1 / 0, lambda: [4]])
    assert 4 == points("partly")[()].value
    assert 1 == sdk.get_pipeline().stats().troubles["metrics.callback"]


def test_callbacks_come_and_go(meter, points):
    """A callback can be added and removed; removing one that is not there does nothing."""

    def one() -> list[float]:
        return [1]

    gauge = meter.create_observable_gauge("going")
    assert {} == points("going")
    gauge.add_callback(one)
    assert 1 == points("going")[()].value
    gauge.remove_callback(one)
    gauge.remove_callback(one)
    assert {} == points("going")


def test_a_closed_observable_instrument_vanishes(meter, points):
    """Its callbacks are asked no more, and the same instrument can be made anew."""
    asked = []
    gauge = meter.create_observable_gauge("gone", [lambda: asked.append(1) or [1]])
    assert 1 == points("gone")[()].value
    gauge.close()
    assert {} == points("gone")
    assert [1] == asked
    assert gauge is not meter.create_observable_gauge("gone")


def test_a_measurement_in_a_sampled_span_leaves_an_exemplar(meter, points, memory):
    """The number points to the span in which it was measured."""
    from midspan import trace

    counter, histogram = meter.create_counter("c"), meter.create_histogram("h", boundaries=(1, 10))
    with trace.get_tracer("t").start_as_current_span("work") as span:
        counter.add(3)
        histogram.record(5)
    (of_counter,), (of_histogram,) = points("c")[()].exemplars, points("h")[()].exemplars
    ids = (span.context.trace_id, span.context.span_id)
    assert (3, *ids) == (of_counter.value, of_counter.trace_id, of_counter.span_id)
    assert (5, *ids) == (of_histogram.value, of_histogram.trace_id, of_histogram.span_id)


def test_a_measurement_outside_of_spans_leaves_no_exemplar(meter, points):
    """Nor does one in a span that is not sampled."""
    from midspan import trace

    counter = meter.create_counter("c")
    counter.add(1)
    with trace.use_span(trace.NonRecordingSpan(trace.SpanContext(1, 2, 0))):
        counter.add(1)
    assert () == points("c")[()].exemplars


def test_instruments_show_what_they_are(meter):
    """A repr names kind, name and unit."""
    assert "Counter('c', unit='By')" == repr(meter.create_counter("c", unit="By"))
    assert repr(meter).startswith("Meter('test.")
    assert "Observation(1, {'a': 2})" == repr(metrics.Observation(1, {"a": 2}))
