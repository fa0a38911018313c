"""What becomes of OpenCensus's stats and metrics: the rules of the conversion, one by one."""

from __future__ import annotations

import time
from datetime import datetime

import pytest
from opencensus.metrics.export import cumulative, gauge, metric_descriptor, point, summary, time_series
from opencensus.metrics.export import metric as oc_metric
from opencensus.metrics.export import value as oc_value
from opencensus.metrics.export.metric_producer import MetricProducer, MetricProducerManager
from opencensus.metrics.label_key import LabelKey
from opencensus.metrics.label_value import LabelValue
from opencensus.stats import aggregation
from opencensus.trace.samplers import AlwaysOffSampler, AlwaysOnSampler
from opencensus.trace.tracer import Tracer

from midspan import _trouble, sdk, trace
from midspan.metrics import MetricKind, Temporality
from midspan.trace import InstrumentationScope

Type = metric_descriptor.MetricDescriptorType


class Given(MetricProducer):
    """A producer that hands on what it was given."""

    def __init__(self, metrics):
        self.metrics = metrics

    def get_metrics(self):
        return self.metrics


def finished(type_, value, labels=(), name="given", when=None):
    """Make one of OpenCensus's finished metrics, of one series."""
    descriptor = metric_descriptor.MetricDescriptor(
        name, "of a shop", "1", Type.GAUGE_INT64, [LabelKey(key, "") for key, _ in labels]
    )
    # Its constructor knows no summaries, though all that reads a descriptor does.
    descriptor._type = type_
    series = time_series.TimeSeries(
        [LabelValue(text) for _, text in labels], [point.Point(value, when)], start_timestamp=when
    )
    return oc_metric.Metric(descriptor, [series])


@pytest.fixture
def given(metrics):
    """Return what becomes of finished metrics of OpenCensus's."""
    manager = MetricProducerManager()

    def given(*found):
        manager.add(Given(found))
        return metrics()

    return given


@pytest.mark.parametrize("name", ["plain", "grpc.io/client/röundtrip latency", "1 & <2>", "", "x" * 400])
def test_names_are_verbatim(shop, metrics, name):
    """A view's name arrives as it is, however little it looks like a metric's."""
    shop.view(name, aggregation.CountAggregation())
    shop.record(1.0)
    assert [name] == list(metrics())


def test_units_are_passed_on(shop, metrics):
    """The unit of the measure is the metric's."""
    shop.view("sum", aggregation.SumAggregation())
    shop.record(1.0)
    assert "ms" == metrics()["sum"].unit


def test_descriptions_are_passed_on(shop, metrics):
    """The description of the view is the metric's."""
    shop.view("sum", aggregation.SumAggregation())
    shop.record(1.0)
    assert "sum of orders" == metrics()["sum"].description


def test_the_unit_of_count_is_1(shop, metrics):
    """A view that counts latencies counts, and has no milliseconds."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    assert "1" == metrics()["count"].unit


def _shape(metric):
    return (metric.kind, metric.is_monotonic, metric.temporality, type(metric.points[0].value))


def test_count_becomes_a_monotonic_cumulative_sum(shop, metrics):
    """Count is a whole sum, of whatever measure."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.5)
    shop.record(2.5)
    metric = metrics()["count"]
    assert (MetricKind.SUM, True, Temporality.CUMULATIVE, int) == _shape(metric)
    assert 2 == metric.points[0].value


@pytest.mark.parametrize(("value", "kind"), [(3, int), (1.5, float)])
def test_sum_becomes_a_monotonic_cumulative_sum(shop, metrics, value, kind):
    """Sum is whole or not as its measure is."""
    measure = shop.items if kind is int else shop.latency
    shop.view("sum", aggregation.SumAggregation(), measure)
    shop.record(value)
    shop.record(value)
    metric = metrics()["sum"]
    assert (MetricKind.SUM, True, Temporality.CUMULATIVE, kind) == _shape(metric)
    assert 2 * value == metric.points[0].value


@pytest.mark.parametrize(
    ("made", "kind"), [(cumulative.LongCumulative, int), (cumulative.DoubleCumulative, float)]
)
def test_cumulatives_become_monotonic_cumulative_sums(metrics, made, kind):
    """A cumulative of a registry is a sum, whole or not by its type."""
    registry = gauge.Registry()
    registry.add_gauge(made("orders", "of a shop", "1", []))
    registry.gauges["orders"].get_or_create_default_time_series().add(2)
    metric = metrics()["orders"]
    assert (MetricKind.SUM, True, Temporality.CUMULATIVE, kind) == _shape(metric)
    assert 2 == metric.points[0].value


@pytest.mark.parametrize(("value", "kind"), [(3, int), (1.5, float)])
def test_last_value_becomes_a_gauge(shop, metrics, value, kind):
    """LastValue is a gauge of what was recorded last."""
    measure = shop.items if kind is int else shop.latency
    shop.view("last", aggregation.LastValueAggregation(), measure)
    shop.record(2 * value)
    shop.record(value)
    metric = metrics()["last"]
    assert (MetricKind.GAUGE, False, Temporality.CUMULATIVE, kind) == _shape(metric)
    assert value == metric.points[0].value


@pytest.mark.parametrize(("made", "kind"), [(gauge.LongGauge, int), (gauge.DoubleGauge, float)])
def test_gauges_become_gauges(metrics, made, kind):
    """A gauge of a registry is a gauge, with its unit and description."""
    registry = gauge.Registry()
    registry.add_gauge(made("open", "carts", "{cart}", []))
    registry.gauges["open"].get_or_create_default_time_series().set(4)
    metric = metrics()["open"]
    assert (MetricKind.GAUGE, False, Temporality.CUMULATIVE, kind) == _shape(metric)
    assert (4, "{cart}", "carts") == (metric.points[0].value, metric.unit, metric.description)


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (gauge.DerivedLongGauge, MetricKind.GAUGE),
        (gauge.DerivedDoubleGauge, MetricKind.GAUGE),
        (cumulative.DerivedLongCumulative, MetricKind.SUM),
        (cumulative.DerivedDoubleCumulative, MetricKind.SUM),
    ],
)
def test_derived_ones_are_asked_at_each_collection(metrics, made, kind):
    """The function of a derived gauge or cumulative is called for each collection."""
    values = iter([1, 2])

    def ask():
        return next(values)

    registry = gauge.Registry()
    registry.add_gauge(made("open", "carts", "1", []))
    registry.gauges["open"].create_default_time_series(ask)
    assert [(kind, 1), (kind, 2)] == [
        (metric.kind, metric.points[0].value) for metric in (metrics()["open"], metrics()["open"])
    ]


def test_distribution_becomes_an_explicit_bucket_histogram(shop, metrics):
    """Count, sum, bounds and bucket counts are OpenCensus's."""
    shop.view("latency", aggregation.DistributionAggregation([1.0, 5.0]))
    for value in (0.5, 2.0, 3.0, 7.0):
        shop.record(value)
    metric = metrics()["latency"]
    (found,) = metric.points
    assert (MetricKind.HISTOGRAM, Temporality.CUMULATIVE, "ms") == (
        metric.kind,
        metric.temporality,
        metric.unit,
    )
    assert (4, 12.5, (1, 2, 1), (1.0, 5.0)) == (
        found.count,
        found.sum,
        found.bucket_counts,
        found.bounds,
    )
    assert (None, None) == (found.min, found.max)


def test_buckets_hold_their_lower_bound(shop, point):
    """A value that equals a bound is counted above it, as OpenCensus does."""
    shop.view("latency", aggregation.DistributionAggregation([1.0, 5.0]))
    shop.record(1.0)
    shop.record(5.0)
    assert (0, 1, 1) == point("latency").bucket_counts


def test_a_distribution_without_bounds_has_one_bucket(shop, point):
    """Without boundaries there are count and sum, and one bucket that holds all."""
    shop.view("latency", aggregation.DistributionAggregation())
    shop.record(3.0)
    found = point("latency")
    assert (1, 3.0, (1,), ()) == (found.count, found.sum, found.bucket_counts, found.bounds)


def test_the_sum_of_squared_deviations_is_dropped(shop, metrics):
    """What a native histogram has no room for is left out, and nothing else."""
    shop.view("latency", aggregation.DistributionAggregation([1.0]))
    shop.record(1.0)
    shop.record(4.0)
    (found,) = metrics()["latency"].points
    assert not [name for name in found._fields if "dev" in name]
    (metric,) = shop.stats.get_metrics()
    assert 4.5 == metric.time_series[0].points[0].value.sum_of_squared_deviation


def test_summary_becomes_a_summary(given):
    """Count, sum and percentiles arrive, percentiles as quantiles."""
    snapshot = summary.Snapshot(
        9, 90.0, [summary.ValueAtPercentile(50.0, 4.0), summary.ValueAtPercentile(99, 8)]
    )
    value = oc_value.ValueSummary(summary.Summary(10, 100.5, snapshot))
    metric = given(finished(Type.SUMMARY, value, [("k", "v")]))["given"]
    (found,) = metric.points
    assert (MetricKind.SUMMARY, {"k": "v"}) == (metric.kind, found.attributes)
    assert (10, 100.5, ((0.5, 4.0), (0.99, 8.0))) == (found.count, found.sum, found.quantiles)


def test_a_gauge_of_distributions_is_dropped_counted_and_logged_once(given, metrics, caplog):
    """It has no native counterpart; what comes with it arrives."""
    before = _trouble.counts().get("opencensus.distribution_gauge", 0)
    options = oc_value.BucketOptions(oc_value.Explicit([1.0]))
    buckets = [oc_value.Bucket(1), oc_value.Bucket(0)]
    value = oc_value.ValueDistribution(1, 0.5, 0, options, buckets)
    other = finished(Type.GAUGE_INT64, oc_value.ValueLong(3), name="other")
    assert ["other"] == list(given(finished(Type.GAUGE_DISTRIBUTION, value), other))
    assert ["other"] == list(metrics())
    assert before + 2 == _trouble.counts()["opencensus.distribution_gauge"]
    said = [record for record in caplog.records if "distribution gauge" in record.getMessage()]
    assert 1 == len(said)


def test_each_column_is_an_attribute(shop, point):
    """Every column of a view is an attribute, and no other tag is."""
    shop.view("count", aggregation.CountAggregation(), columns=("k", "l"))
    shop.record(1.0, k="1", l="2", other="3")
    assert {"k": "1", "l": "2"} == point("count").attributes
    assert {str} == {type(each) for pair in point("count").attributes.items() for each in pair}


def test_a_missing_tag_is_omitted(shop, point):
    """A column without a tag is no attribute."""
    shop.view("count", aggregation.CountAggregation(), columns=("k", "l"))
    shop.record(1.0, l="2")
    assert {"l": "2"} == point("count").attributes


def test_missing_and_empty_are_two_series(shop, metrics):
    """A tag that is empty is not one that is missing."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    shop.record(1.0, k="")
    shop.record(1.0, k="")
    found = [(point.attributes, point.value) for point in metrics()["count"].points]
    assert [({}, 1), ({"k": ""}, 2)] == found


def test_label_values_are_attributes(metrics):
    """Labels of a gauge are attributes; those of the default series are all missing."""
    registry = gauge.Registry()
    made = gauge.LongGauge("open", "carts", "1", [LabelKey("shop", ""), LabelKey("city", "")])
    registry.add_gauge(made)
    made.get_or_create_time_series([LabelValue("a"), LabelValue(None)]).set(1)
    made.get_or_create_default_time_series().set(2)
    found = [(point.attributes, point.value) for point in metrics()["open"].points]
    assert [({"shop": "a"}, 1), ({}, 2)] == found


def test_attachments_are_filtered_attributes_of_an_exemplar(shop, point):
    """What was attached to a measurement goes with the exemplar of its bucket."""
    shop.view("latency", aggregation.DistributionAggregation([1.0, 5.0]))
    before_ns = time.time_ns()
    shop.record(2.5, {"order": "7"})
    (found,) = point("latency").exemplars
    assert (2.5, {"order": "7"}) == (found.value, found.filtered_attributes)
    assert before_ns <= found.timestamp_ns <= time.time_ns()


def test_the_latest_attachment_of_each_bucket_stays(shop, point):
    """One exemplar a bucket, the latest."""
    shop.view("latency", aggregation.DistributionAggregation([1.0, 5.0]))
    for number, value in enumerate([0.5, 2.5, 3.5]):
        shop.record(value, {"n": str(number)})
    assert [(0.5, {"n": "0"}), (3.5, {"n": "2"})] == [
        (each.value, each.filtered_attributes) for each in point("latency").exemplars
    ]


@pytest.mark.parametrize("sampler", [AlwaysOnSampler, AlwaysOffSampler])
def test_the_current_span_is_the_exemplars_context(shop, point, sampler):
    """With attachments, the span that is current at `record` is named, sampled or not."""
    shop.view("latency", aggregation.DistributionAggregation([1.0]))
    with Tracer(sampler=sampler()).span("order"):
        shop.record(2.5, {"order": "7"})
        current = trace.get_current_span().context
    (found,) = point("latency").exemplars
    assert (current.trace_id, current.span_id) == (found.trace_id, found.span_id)
    assert found.span_id


def test_a_native_span_is_the_exemplars_context(shop, point):
    """It does not matter by which API the current span was made."""
    shop.view("latency", aggregation.DistributionAggregation([1.0]))
    with trace.get_tracer("t").start_as_current_span("charge") as span:
        shop.record(2.5, {"order": "7"})
    (found,) = point("latency").exemplars
    assert (span.context.trace_id, span.context.span_id) == (found.trace_id, found.span_id)


def test_a_sampled_span_is_enough_for_an_exemplar(shop, point):
    """Without attachments too, a measurement made in a sampled span points to it; others do not."""
    shop.view("latency", aggregation.DistributionAggregation([1.0]))
    with Tracer(sampler=AlwaysOnSampler()).span("order") as span:
        shop.record(2.5)
    shop.record(0.5)
    with Tracer(sampler=AlwaysOffSampler()).span("order"):
        shop.record(0.5)
    (found,) = point("latency").exemplars
    assert (2.5, int(span.span_id, 16), {}) == (found.value, found.span_id, found.filtered_attributes)


def test_a_span_that_is_recorded_only_is_not_enough(shop):
    """A span that nobody exports is not pointed to by measurements without attachments."""
    reader = sdk.PullReader()
    sdk.configure(
        exporters=[], metric_readers=[reader], sampler=lambda _: sdk.sampling.RECORD, environment={}
    )
    shop.view("latency", aggregation.DistributionAggregation([1.0]))
    with trace.get_tracer("t").start_as_current_span("charge") as span:
        shop.record(2.5)
        assert span.is_recording()
    assert [()] == [point.exemplars for metric in reader.collect() for point in metric.points]


def test_the_start_is_the_views_creation(shop, point):
    """Start is what OpenCensus says a view's data starts with, at each collection."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    (metric,) = shop.stats.get_metrics()
    seconds = time.mktime(time.strptime(metric.time_series[0].start_timestamp[:19], "%Y-%m-%dT%H:%M:%S"))
    starts = {point("count").start_ns, point("count").start_ns}
    assert [int(seconds - time.timezone)] == [start // 10**9 for start in starts]


def test_the_start_of_a_cumulative_is_when_it_was_first_seen(point):
    """OpenCensus says "now" each time; here the start stays, and the time goes on."""
    registry = gauge.Registry()
    registry.add_gauge(cumulative.LongCumulative("orders", "", "1", []))
    registry.gauges["orders"].get_or_create_default_time_series().add(2)
    first, second = point("orders"), point("orders")
    assert first.start_ns == second.start_ns == first.time_ns < second.time_ns


def test_the_start_of_a_finished_metric_is_when_it_was_first_seen(metrics):
    """The same for what a producer hands over; a series that was gone begins anew."""
    producer = Given([])
    manager = MetricProducerManager([producer])
    starts = []
    for second in (1, 2, None, 4):
        when = None if second is None else datetime(2026, 1, 1, 0, 0, second)  # noqa: DTZ001 - as OpenCensus has it
        value = oc_value.ValueLong(3)
        producer.metrics = [] if when is None else [finished(Type.CUMULATIVE_INT64, value, when=when)]
        starts += [metric.points[0].start_ns // 10**9 - 1_767_225_600 for metric in metrics().values()]
    assert ([1, 1, 4], {producer}) == (starts, manager.get_all())


def test_the_start_of_a_finished_view_is_kept(given):
    """A producer's metric that says since when it counts, in OpenCensus's text, is taken at its word."""
    metric = finished(Type.CUMULATIVE_INT64, oc_value.ValueLong(3), when=datetime(2026, 1, 1, 0, 0, 9))  # noqa: DTZ001 - as OpenCensus has it
    metric.time_series[0]._start_timestamp = "2026-01-01T00:00:02.500000Z"
    (found,) = given(metric)["given"].points
    assert (2_500, 9_000) == tuple(
        each // 10**6 - 1_767_225_600_000 for each in (found.start_ns, found.time_ns)
    )


def test_the_resource_is_the_pipelines(shop, metrics):
    """OpenCensus's resource gives way to the pipeline's."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    assert "bridge" == metrics()["count"].resource.attributes["service.name"]


def test_the_scope_is_the_bridge(shop, metrics):
    """The scope says through which door a metric came in."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    assert InstrumentationScope("midspan.bridges.opencensus") == metrics()["count"].scope


def test_get_metrics_may_yield_none(given):
    """A registry returns None among its metrics for a gauge without series; nobody minds."""
    other = finished(Type.GAUGE_INT64, oc_value.ValueLong(3))
    assert ["given"] == list(given(None, other, None))


def test_no_value_is_no_point(metrics):
    """A derived gauge whose function is gone has no value, and is not told of."""
    registry = gauge.Registry()
    made = gauge.DerivedLongGauge("open", "carts", "1", [])
    registry.add_gauge(made)

    def ask():
        return 4

    made.create_default_time_series(ask)
    assert ["open"] == list(metrics())
    del ask
    assert [] == list(metrics())


def test_no_value_in_a_finished_metric_is_no_trouble(given):
    """A producer's metric that has no value yet is left out, and that is no trouble."""
    before = _trouble.counts()
    assert ({}, before) == (given(finished(Type.GAUGE_INT64, None)), _trouble.counts())


@pytest.mark.parametrize(("value", "told"), [(True, 1), (2.0, 2), (2.5, 2.5), (2**70, 2**70)])
def test_odd_numbers_of_a_whole_measure_stay_what_they_are(shop, point, value, told):
    """What was put into an integer measure is told as OpenCensus has it: whole if it is whole."""
    shop.view("last", aggregation.LastValueAggregation(), shop.items)
    measured = shop.stats.stats_recorder.new_measurement_map()
    measured.measure_int_put(shop.items, value)
    measured.record()
    found = point("last").value
    assert (told, type(told)) == (found, type(found))


def test_a_reader_of_deltas_is_told_totals(shop):
    """Foreign sources tell totals, and say so, to a reader that would have differences."""
    shop.view("count", aggregation.CountAggregation())
    reader = sdk.PullReader(temporality="delta")
    sdk.configure(exporters=[], metric_readers=[reader], environment={})
    for total in (1, 2):
        shop.record(1.0)
        (metric,) = reader.collect()
        assert (Temporality.CUMULATIVE, total) == (metric.temporality, metric.points[0].value)
