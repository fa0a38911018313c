from __future__ import annotations

import pytest

from midspan import sdk
from midspan.metrics import MetricKind


def collected(meter, views, measure, name=None):
    """Measure under views; return the metrics of the meter's scope."""
    reader = sdk.PullReader()
    sdk.configure(exporters=[], metric_readers=[reader], views=views, environment={}, detectors=[])
    measure(meter)
    return [metric for metric in reader.collect() if metric.scope == meter.scope]


def count(meter):
    """Measure two series."""
    counter = meter.create_counter("http.requests", unit="1", description="as made")
    counter.add(1, {"route": "/", "user": "a"})
    counter.add(2, {"route": "/", "user": "b"})


@pytest.mark.parametrize(
    "conditions",
    [{"name": "http.*"}, {"name": "HTTP.requests"}, {"kind": "counter"}, {"unit": "1"}, {"scope": "test.*"}],
)
def test_a_view_matches_by_each_condition(meter, conditions):
    """Patterns of name and scope, the kind and the unit each choose instruments."""
    (metric,) = collected(meter, [sdk.View(**conditions, description="as seen")], count)
    assert "as seen" == metric.description


@pytest.mark.parametrize(
    "conditions", [{"name": "grpc.*"}, {"kind": "gauge"}, {"unit": "s"}, {"scope": "other"}]
)
def test_a_view_leaves_the_others_alone(meter, conditions):
    """An instrument that a condition does not fit keeps its default."""
    (metric,) = collected(meter, [sdk.View(**conditions, description="as seen")], count)
    assert "as made" == metric.description


def test_a_view_takes_attributes_away(meter):
    """Series that differ in nothing else become one, by an allow list or by a deny list."""
    for view in (sdk.View(name="http.*", keep=["route"]), sdk.View(name="http.*", drop=["user"])):
        (metric,) = collected(meter, [view], count)
        ((point),) = metric.points
        assert ({"route": "/"}, 3) == (point.attributes, point.value)


def test_a_view_renames(meter):
    """The metric has the view's name."""
    (metric,) = collected(meter, [sdk.View(name="http.requests", rename="requests")], count)
    assert "requests" == metric.name


def test_several_views_make_several_metrics(meter):
    """Each view that matches makes a stream of its own."""
    views = [sdk.View(name="http.requests", rename="a"), sdk.View(kind="counter", drop=["user", "route"])]
    metrics = collected(meter, views, count)
    assert {"a": 2, "http.requests": 1} == {metric.name: len(metric.points) for metric in metrics}


@pytest.mark.parametrize(
    ("aggregation", "kind"),
    [
        (sdk.aggregation.Sum(), MetricKind.SUM),
        ("last_value", MetricKind.GAUGE),
        (sdk.aggregation.ExplicitBuckets((1, 2)), MetricKind.HISTOGRAM),
        ("base2_exponential_bucket_histogram", MetricKind.EXPONENTIAL_HISTOGRAM),
        ("min_max_sum_count", MetricKind.HISTOGRAM),
    ],
)
def test_a_view_chooses_the_aggregation(meter, aggregation, kind):
    """By object or by registered name."""
    (metric,) = collected(meter, [sdk.View(name="http.*", aggregation=aggregation)], count)
    assert kind is metric.kind


def test_drop_records_nothing(meter):
    """An instrument that nobody wants costs nothing at collection."""
    assert [] == collected(meter, [sdk.View(name="http.*", aggregation="drop")], count)


def test_min_max_sum_count_is_a_histogram_with_one_bucket(meter):
    """Four numbers, no boundaries."""
    (metric,) = collected(
        meter,
        [sdk.View(kind="histogram", aggregation="min_max_sum_count")],
        lambda meter: [meter.create_histogram("h").record(value) for value in (3, 1, 2)],
    )
    (point,) = metric.points
    assert (3, 6, 1, 3, (), (3,)) == (
        point.count,
        point.sum,
        point.min,
        point.max,
        point.bounds,
        point.bucket_counts,
    )


def test_min_and_max_can_be_left_out(meter):
    """Some backends cannot use them."""
    buckets = sdk.aggregation.ExplicitBuckets((1,), record_min_max=False)
    (metric,) = collected(
        meter, [sdk.View(kind="histogram", aggregation=buckets)], lambda m: m.create_histogram("h").record(1)
    )
    assert (None, None) == (metric.points[0].min, metric.points[0].max)


def test_an_aggregation_of_ones_own_can_be_registered(meter):
    """Whatever makes series and points of them serves, by name."""

    class Doubled(sdk.aggregation.Sum):
        def point(self, snapshot, earlier, moment):
            return super().point(2 * snapshot, earlier, moment)

    sdk.aggregation.register("doubled", Doubled)
    (metric,) = collected(meter, [sdk.View(name="http.*", aggregation="doubled", drop=["user"])], count)
    assert 6 == metric.points[0].value


def test_the_limit_of_series_holds_and_loses_no_total(meter):
    """What does not fit is summed up in one series that says so; the total is true."""

    def measure(meter):
        counter = meter.create_counter("many")
        for number in range(50):
            counter.add(1, {"user": number})

    (metric,) = collected(meter, [sdk.View(name="many", cardinality_limit=10)], measure)
    by_overflow = [point.value for point in metric.points if "otel.metric.overflow" in point.attributes]
    assert (10, [41], 50) == (len(metric.points), by_overflow, sum(point.value for point in metric.points))


def test_two_thousand_series_is_the_default_limit(meter):
    """As the specification has it."""

    def measure(meter):
        counter = meter.create_counter("many")
        for number in range(2500):
            counter.add(1, {"user": number})

    (metric,) = collected(meter, [], measure)
    assert (2000, 2500) == (len(metric.points), sum(point.value for point in metric.points))


def test_what_an_instrument_remembers_is_bounded(meter):
    """A view may map any number of attribute sets to one series; the memory of them stays small."""
    sdk.configure(exporters=[], views=[sdk.View(name="few", keep=[], cardinality_limit=3)], environment={})
    counter = meter.create_counter("few")
    for number in range(1000):
        counter.add(1, {"user": number})
    assert len(counter._updates) <= 12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "condition"),
        ({"name": "a*", "rename": "b"}, "must be exact"),
        ({"kind": "counter", "rename": "b"}, "must be exact"),
        ({"name": "a", "aggregation": "median"}, "median"),
        ({"name": "a", "cardinality_limit": 0}, "1 or more"),
    ],
)
def test_a_view_that_cannot_be_is_refused(arguments, message):
    """The message says what was wrong and what would be right."""
    with pytest.raises(ValueError, match=message):
        sdk.View(**arguments)


@pytest.mark.parametrize("size", [(1, 20), (160, 21), (160, -11)])
def test_exponential_buckets_have_bounds(size):
    """Too few buckets, or a scale that there is not, is refused."""
    with pytest.raises(ValueError, match="allowed"):
        sdk.aggregation.ExponentialBuckets(*size)


def test_explicit_boundaries_must_ascend():
    """Boundaries out of order are refused."""
    with pytest.raises(ValueError, match="ascend"):
        sdk.aggregation.ExplicitBuckets((2, 1))


def test_aggregations_show_what_they_are():
    """A repr can be read in a configuration's printout."""
    shown = [
        repr(sdk.aggregation.by_name(name)) for name in ("sum", "last_value", "drop", "min_max_sum_count")
    ]
    assert ["Sum()", "LastValue()", "Drop()", "MinMaxSumCount()"] == shown
    assert "ExponentialBuckets(max_size=160, max_scale=20)" == repr(sdk.aggregation.ExponentialBuckets())
    assert "ExplicitBuckets(1, 2)" == repr(sdk.aggregation.ExplicitBuckets((1, 2)))


def test_a_dropped_instrument_makes_no_point():
    """`Drop` has no kind, and its points are none."""
    drop = sdk.aggregation.Drop()
    assert (None, None) == (drop.kind, drop.point(1, None, None))
    drop.series(None).update(1)
