"""What midspan tells equals what OpenCensus's own producer says, number for number, whatever is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opencensus.metrics.export import cumulative, gauge
from opencensus.metrics.label_key import LabelKey
from opencensus.metrics.label_value import LabelValue
from opencensus.stats import aggregation, execution_context
from opencensus.stats.measure import MeasureFloat, MeasureInt
from opencensus.stats.stats import _Stats
from opencensus.stats.view import View
from opencensus.tags.tag_map import TagMap

from midspan.bridges import opencensus as bridge
from midspan.metrics import MetricKind

if TYPE_CHECKING:
    from midspan import sdk

KEYS = ("a", "b", "c")
RUNS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=4)
boundaries = st.lists(st.floats(-2, 1e6, allow_nan=False), max_size=5, unique=True).map(sorted)
aggregations = st.one_of(
    st.builds(aggregation.CountAggregation),
    st.builds(aggregation.SumAggregation),
    st.builds(aggregation.LastValueAggregation),
    st.builds(aggregation.DistributionAggregation, boundaries),
    st.builds(aggregation.DistributionAggregation),
)
views = st.lists(
    st.tuples(st.lists(st.sampled_from(KEYS), unique=True), st.booleans(), aggregations),
    min_size=1,
    max_size=5,
)
tags = st.dictionaries(st.sampled_from(KEYS), texts)
records = st.lists(
    st.tuples(
        tags,
        st.integers(0, 2**62),
        st.floats(0, 1e12, allow_nan=False),
        st.none() | st.dictionaries(texts, texts, max_size=2),
    ),
    max_size=30,
)


def ours(reader: sdk.PullReader) -> dict[str, Any]:
    """Return what midspan tells, by name: kind, unit, description, and the series by their attributes."""
    return {
        metric.name: (
            metric.kind,
            metric.unit,
            metric.description,
            {tuple(sorted(point.attributes.items())): number_of(point) for point in metric.points},
        )
        for metric in reader.collect()
    }


def number_of(point: Any) -> Any:
    """Return the numbers of a native point, and their types."""
    if hasattr(point, "bounds"):
        exemplars = [(each.value, dict(each.filtered_attributes)) for each in point.exemplars]
        return (point.count, point.sum, list(point.bounds), list(point.bucket_counts), exemplars)
    return (type(point.value), point.value)


def theirs(metrics: Any, counts: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return what OpenCensus says, in the same shape."""
    return {
        metric.descriptor.name: (
            {1: MetricKind.GAUGE, 2: MetricKind.GAUGE, 6: MetricKind.HISTOGRAM}.get(
                metric.descriptor.type, MetricKind.SUM
            ),
            "1" if metric.descriptor.name in counts else metric.descriptor.unit,
            metric.descriptor.description,
            {labels_of(metric, series): value_of(series.points[0].value) for series in metric.time_series},
        )
        for metric in metrics
        if metric is not None
    }


def labels_of(metric: Any, series: Any) -> Any:
    """Return the labels that are there."""
    labels = zip(metric.descriptor.label_keys, series.label_values, strict=True)
    return tuple(sorted((key.key, label.value) for key, label in labels if label.value is not None))


def value_of(value: Any) -> Any:
    """Return the numbers of one of OpenCensus's values, and their types."""
    if not hasattr(value, "buckets"):
        return (type(value.value), value.value)
    if value.buckets is None:
        return (value.count, value.sum, [], [value.count], [])
    kept = [bucket.exemplar for bucket in value.buckets if bucket.exemplar is not None]
    exemplars = [(each.value, dict(each.attachments)) for each in kept]
    bounds = value.bucket_options.type_.bounds
    return (value.count, value.sum, bounds, [bucket.count for bucket in value.buckets], exemplars)


def play(made: Any, recorded: Any) -> tuple[Any, frozenset[str]]:
    """Register views and record, by OpenCensus alone; return the stats, and the names of views that count."""
    execution_context.clear()
    stats = _Stats()
    whole, real = MeasureInt("items", "", "{item}"), MeasureFloat("latency", "", "ms")
    counts = set()
    for number, (columns, is_whole, chosen) in enumerate(made):
        view = View(f"v{number}", f"view {number}", columns, whole if is_whole else real, chosen)
        stats.view_manager.register_view(view)
        if isinstance(chosen, aggregation.CountAggregation):
            counts.add(view.name)
    for given_tags, items, latency, attachments in recorded:
        measured = stats.stats_recorder.new_measurement_map()
        measured.measure_int_put(whole, items)
        measured.measure_float_put(real, latency)
        for key, text in (attachments or {}).items():
            measured.measure_put_attachment(key, text)
        measured.record(TagMap([*given_tags.items()]))
    return stats, frozenset(counts)


@RUNS
@given(views, records)
def test_views(reader, made, recorded):
    """Random measures, views, boundaries, tags, attachments and recordings."""
    stats, counts = play(made, recorded)
    expected = theirs(stats.get_metrics(), counts)
    # A distribution without bounds keeps no exemplars in OpenCensus; the bridge keeps the latest.
    found = {name: (*facts[:3], _without_lone(facts[3])) for name, facts in ours(reader).items()}
    assert expected == found


def _without_lone(points: Any) -> Any:
    return {
        key: (*number[:4], []) if len(number) > 2 and not number[2] else number
        for key, number in points.items()
    }


@settings(RUNS, max_examples=40)
@given(views, records)
def test_opencensus_counts_as_without_the_bridge(reader, made, recorded):
    """The same recordings give the same numbers by OpenCensus alone, its deviations included."""
    over = _all_numbers(play(made, recorded)[0])
    bridge.uninstall()
    try:
        plain = _all_numbers(play(made, recorded)[0])
    finally:
        bridge.install()
    assert plain == over


def _all_numbers(stats: Any) -> Any:
    numbers = theirs(stats.get_metrics())
    deviations = [
        series.points[0].value.sum_of_squared_deviation
        for metric in stats.get_metrics()
        for series in metric.time_series
        if hasattr(series.points[0].value, "sum_of_squared_deviation")
    ]
    return numbers, deviations


gauges = st.lists(
    st.tuples(
        st.sampled_from(
            [gauge.LongGauge, gauge.DoubleGauge, cumulative.LongCumulative, cumulative.DoubleCumulative]
        ),
        st.lists(st.tuples(st.lists(st.none() | texts, min_size=2, max_size=2), st.integers(-5, 2**60))),
    ),
    max_size=4,
)


@RUNS
@given(gauges)
def test_registries(reader, made):
    """Random gauges and cumulatives, labels and values."""
    registry = gauge.Registry()
    for number, (kind, changes) in enumerate(made):
        each = kind(f"g{number}", f"gauge {number}", "By", [LabelKey("a", ""), LabelKey("b", "")])
        registry.add_gauge(each)
        for labels, amount in changes:
            point = each.get_or_create_time_series([LabelValue(text) for text in labels])
            point.add(amount)
    assert theirs(registry.get_metrics()) == ours(reader)
