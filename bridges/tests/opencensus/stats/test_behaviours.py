"""What unmodified OpenCensus applications rely on in stats and metrics, over the bridge as without it."""

from __future__ import annotations

import pytest
from opencensus.metrics.export import cumulative, gauge
from opencensus.metrics.label_key import LabelKey
from opencensus.metrics.label_value import LabelValue
from opencensus.stats import aggregation, execution_context, measure_to_view_map, view_data
from opencensus.tags import TagContext, TagMap

from midspan.bridges import opencensus as bridge


@pytest.fixture(params=["bridge", "plain"], autouse=True)
def _over(request):
    """Play each behaviour over the bridge, and without it: it must be OpenCensus's."""
    if request.param == "plain":
        bridge.uninstall()


@pytest.fixture
def readback(shop):
    """Return what OpenCensus's own producer says: by name, pairs of label values and the value."""

    def readback():
        return {
            metric.descriptor.name: [
                (tuple(label.value for label in series.label_values), series.points[0].value)
                for series in metric.time_series
            ]
            for metric in shop.stats.get_metrics()
        }

    return readback


def test_types_are_opencensus_own(shop):
    """Maps and data of views are of OpenCensus's classes."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    made = shop.stats.view_manager.measure_to_view_map
    data = shop.stats.view_manager.get_view("count")
    assert (measure_to_view_map.MeasureToViewMap, view_data.ViewData) == (type(made), type(data))


def test_get_view_reads_back(shop):
    """`get_view` gives the counts of a view, by its tags."""
    shop.view("sum", aggregation.SumAggregation())
    shop.record(1.5, k="v")
    shop.record(2.0, k="v")
    rows = shop.stats.view_manager.get_view("sum").tag_value_aggregation_data_map
    assert {("v",): 3.5} == {tags: data.sum_data for tags, data in rows.items()}


def test_get_view_gives_a_copy(shop):
    """What was read back does not count on."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    before = shop.stats.view_manager.get_view("count")
    shop.record(1.0)
    assert [1] == [data.count_data for data in before.tag_value_aggregation_data_map.values()]


def test_an_unknown_view_is_none(shop):
    """`get_view` of a name that nobody registered."""
    assert shop.stats.view_manager.get_view("nobody's") is None


def test_distributions_read_back(shop):
    """Mean, deviations, buckets and exemplars are OpenCensus's."""
    shop.view("latency", aggregation.DistributionAggregation([1.0, 5.0]))
    for value in (0.5, 2.0, 3.0, 9.0):
        shop.record(value, {"order": str(value)})
    (data,) = shop.stats.view_manager.get_view("latency").tag_value_aggregation_data_map.values()
    assert (4, [1, 2, 1], 14.5) == (data.count_data, data.counts_per_bucket, data.sum)
    assert (3.625, pytest.approx(41.6875)) == (data.mean_data, data.sum_of_sqd_deviations)
    assert [0.5, 3.0, 9.0] == [data.exemplars[slot].value for slot in range(3)]


def test_non_positive_boundaries_are_dropped(shop, caplog):
    """OpenCensus leaves out boundaries up to 0, and says so."""
    shop.view("latency", aggregation.DistributionAggregation([-1.0, 0.0, 1.0]))
    shop.record(0.0)
    (data,) = shop.stats.view_manager.get_view("latency").tag_value_aggregation_data_map.values()
    assert ([1.0], [1, 0]) == (data.bounds, data.counts_per_bucket)
    assert "Dropping 2 non-positive bucket boundaries" in caplog.text


def test_negative_values_are_refused(shop, readback, caplog):
    """A measurement that is negative drops the whole map, with a warning."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(-1.0)
    assert ({}, True) == (readback(), "Cannot record negative values" in caplog.text)


def test_a_measure_without_a_view_is_dropped(shop, readback):
    """What no view wants is nobody's."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(3)
    assert {} == readback()


def test_one_record_reaches_all_views_of_a_measure(shop, readback):
    """And several measures are recorded at once."""
    shop.view("count", aggregation.CountAggregation())
    shop.view("sum", aggregation.SumAggregation())
    shop.view("items", aggregation.SumAggregation(), shop.items)
    measured = shop.stats.stats_recorder.new_measurement_map()
    measured.measure_float_put(shop.latency, 2.5)
    measured.measure_int_put(shop.items, 3)
    measured.record()
    assert {"count": 1, "sum": 2.5, "items": 3} == {
        name: rows[0][1].value for name, rows in readback().items()
    }


def test_the_current_tags_are_taken(shop, readback):
    """Without tags, `record` takes those of the current context."""
    shop.view("count", aggregation.CountAggregation())
    tags = TagMap()
    tags.insert("k", "current")
    TagContext.set(tags)
    measured = shop.stats.stats_recorder.new_measurement_map()
    measured.measure_float_put(shop.latency, 2.5)
    measured.record()
    assert [("current",)] == [labels for labels, _ in readback()["count"]]


def test_tags_that_change_count_in_another_row(shop, readback):
    """Tags are read when a value is recorded."""
    shop.view("count", aggregation.CountAggregation())
    tags = TagMap()
    tags.insert("k", "a")
    for value in ("a", "b"):
        tags.update("k", value)
        measured = shop.stats.stats_recorder.new_measurement_map()
        measured.measure_float_put(shop.latency, 2.5)
        measured.record(tags)
    assert [("a",), ("b",)] == [labels for labels, _ in readback()["count"]]


def test_attachments_must_be_strings(shop):
    """Attachments of other types are refused where they are given."""
    measured = shop.stats.stats_recorder.new_measurement_map()
    with pytest.raises(TypeError):
        measured.measure_put_attachment("n", 7)


def test_a_view_is_registered_once(shop, readback):
    """Registering the same view again changes nothing."""
    view = shop.view("count", aggregation.CountAggregation())
    shop.stats.view_manager.register_view(view)
    shop.record(1.0)
    assert [1] == [value.value for _, value in readback()["count"]]


def test_the_view_map_of_a_context_is_found_again(shop):
    """Recorder and manager share the map of their context."""
    assert shop.stats.stats_recorder.measure_to_view_map is shop.stats.view_manager.measure_to_view_map
    assert execution_context.get_measure_to_view_map() is shop.stats.view_manager.measure_to_view_map


def test_a_registry_gives_a_set_of_its_metrics():
    """`get_metrics` of a registry, with None for a gauge without series."""
    registry = gauge.Registry()
    registry.add_gauge(gauge.LongGauge("open", "", "1", []))
    registry.add_gauge(gauge.DoubleGauge("load", "", "1", []))
    registry.gauges["open"].get_or_create_default_time_series().set(4)
    found = registry.get_metrics()
    assert {None, "open"} == {metric and metric.descriptor.name for metric in found}


def test_a_name_is_taken_once_in_a_registry():
    """A second gauge of a name is refused."""
    registry = gauge.Registry()
    registry.add_gauge(gauge.LongGauge("open", "", "1", []))
    with pytest.raises(ValueError, match="open"):
        registry.add_gauge(gauge.DoubleGauge("open", "", "1", []))


def test_series_of_a_gauge_can_be_removed():
    """A removed series, and all of a cleared gauge, are gone."""
    made = gauge.LongGauge("open", "", "1", [LabelKey("k", "")])
    for text in ("a", "b"):
        made.get_or_create_time_series([LabelValue(text)]).set(1)
    made.remove_time_series([LabelValue("a")])
    assert ["b"] == [labels[0].value for labels in made.points]
    made.clear()
    assert made.get_metric(None) is None


def test_cumulatives_only_grow():
    """A cumulative takes nothing that is not more."""
    point = cumulative.LongCumulative("orders", "", "1", []).get_or_create_default_time_series()
    point.add(3)
    point.add(-2)
    point.set(1)
    assert 3 == point.get_value()


def test_long_gauges_take_whole_numbers_only():
    """As in OpenCensus."""
    point = gauge.LongGauge("open", "", "1", []).get_or_create_default_time_series()
    with pytest.raises(ValueError, match="integer"):
        point.set(1.5)
