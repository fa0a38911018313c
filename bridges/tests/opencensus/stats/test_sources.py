"""Which of OpenCensus's sources are told of: all that live, each once, and no broken one harms another."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref

import pytest
from opencensus.metrics import transport
from opencensus.metrics.export import gauge
from opencensus.metrics.export.metric_producer import MetricProducer, MetricProducerManager
from opencensus.stats import aggregation, execution_context
from opencensus.stats.measure import MeasureInt
from opencensus.stats.stats import _Stats
from opencensus.stats.view import View
from opencensus.trace import execution_context as trace_context

from midspan import _trouble
from midspan import metrics as native
from midspan.bridges import opencensus as bridge


class Vendor:
    """A metrics exporter of OpenCensus's."""

    def export_metrics(self, metrics):
        pass


class Own(MetricProducer):
    """A producer of an application's own: what the function returns."""

    def __init__(self, function):
        self.function = function

    def get_metrics(self):
        return self.function()


def open_carts(value=1, name="open"):
    """Make a registry with one gauge."""
    registry = gauge.Registry()
    registry.add_gauge(a_gauge(name, value))
    return registry


def a_gauge(name, value):
    """Make a gauge that is in no registry."""
    made = gauge.LongGauge(name, "carts", "1", [])
    made.get_or_create_default_time_series().set(value)
    return made


def produced(name, value):
    """Make a producer of one gauge."""
    made = a_gauge(name, value)
    return Own(lambda: {made.get_metric(None)})


@pytest.fixture
def task():
    """Start OpenCensus's exporter threads, and cancel them in the end."""
    started = []

    def start(producers, vendor, interval=1000):
        started.append(transport.get_exporter_thread(producers, vendor, interval=interval))
        return started[-1]

    yield start
    for each in started:
        each.cancel()
        each.join()


def test_the_stats_of_a_thread_of_its_own(shop, metrics):
    """A view map that a thread made for itself is told of beside the first."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    made = []

    def work():
        made.append(_Stats())
        made[0].view_manager.register_view(
            View("of thread", "", [], shop.items, aggregation.CountAggregation())
        )
        measured = made[0].stats_recorder.new_measurement_map()
        measured.measure_int_put(shop.items, 2)
        measured.record()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert shop.stats.view_manager.measure_to_view_map is not made[0].view_manager.measure_to_view_map
    assert {"count", "of thread"} == set(metrics())


def test_one_view_in_several_threads_is_one_metric(shop, metrics):
    """Maps of threads that count the same view add up, series by series."""
    histogram = aggregation.DistributionAggregation([1.0])
    shop.view("count", aggregation.CountAggregation())
    shop.view("latency", histogram)
    maps = [shop.stats]
    for number in (1, 2):
        execution_context.clear()
        shop.stats = _Stats()
        maps.append(shop.stats)
        shop.view("count", aggregation.CountAggregation())
        shop.view("latency", histogram)
        shop.record(0.5, k="both")
        shop.record(1.5, k=str(number))
    found = metrics()
    assert [("both", 2), ("1", 1), ("2", 1)] == [(p.attributes["k"], p.value) for p in found["count"].points]
    assert [(2, 1.0, (2, 0)), (1, 1.5, (0, 1)), (1, 1.5, (0, 1))] == [
        (p.count, p.sum, p.bucket_counts) for p in found["latency"].points
    ]


def test_stats_that_were_given_to_an_exporter_thread_are_told_once(shop, metrics, task):
    """`stats` is often passed to `get_exporter_thread` as well."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    task([shop.stats], Vendor())
    assert [1] == [point.value for point in metrics()["count"].points]


def test_a_registry_that_was_given_to_an_exporter_thread_is_told_once(reader, task):
    """So is a registry."""
    registry = open_carts()
    task([registry, registry], Vendor())
    task([registry], Vendor())
    assert ["open"] == [metric.name for metric in reader.collect()]


def test_a_producer_that_wraps_a_registry_is_told_once(reader, task):
    """Azure's standard metrics are a producer that hands on what a registry says; both are sources."""
    registry = open_carts()
    producer = Own(registry.get_metrics)
    task([producer], Vendor())
    assert ["open"] == [metric.name for metric in reader.collect()]


def test_a_producer_that_wraps_stats_is_told_once(shop, reader, task):
    """The same for one that hands on what the views say, among other things."""
    registry = open_carts(name="other")
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    producer = Own(lambda: [*shop.stats.get_metrics(), *registry.get_metrics()])
    task([producer], Vendor())
    assert ["count", "other"] == sorted(metric.name for metric in reader.collect())


def test_a_producer_of_an_exporter_thread(metrics, task):
    """What an application produces for an exporter thread is told of."""
    producer = produced("open", 7)
    task([producer], Vendor())
    assert [7] == [point.value for point in metrics()["open"].points]


def test_a_manager_of_producers(metrics):
    """What is added to a manager is told of, and what is removed is not."""
    manager = MetricProducerManager()
    producer = produced("open", 5)
    manager.add(producer)
    assert [5] == [point.value for point in metrics()["open"].points]
    manager.remove(producer)
    assert {} == metrics()


def test_a_registry_in_a_manager_is_told_once(reader):
    """It is a source of its own already."""
    manager = MetricProducerManager([open_carts()])
    assert (1, ["open"]) == (len(manager.get_all()), [metric.name for metric in reader.collect()])


@pytest.mark.parametrize("made", [list, tuple, set, iter, lambda found: (each for each in found)])
def test_get_metrics_may_return_any_iterable(metrics, made):
    """A list, a set, a generator."""
    open_ = a_gauge("open", 5)
    producer = Own(lambda: made([open_.get_metric(None)]))
    manager = MetricProducerManager([producer])
    assert ({producer}, [5]) == (manager.get_all(), [point.value for point in metrics()["open"].points])


def test_get_metrics_may_return_none(metrics):
    """A producer that has nothing to say may say nothing."""
    manager = MetricProducerManager([Own(lambda: None)])
    assert (1, {}) == (len(manager.get_all()), metrics())


def test_made_before_install(shop, metrics):
    """View maps, registries, managers and exporter threads from before are found."""
    bridge.uninstall()
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    registry = open_carts()
    managed, threaded = produced("managed", 2), produced("threaded", 3)
    manager = MetricProducerManager([managed])
    vendor = Vendor()
    thread = transport.get_exporter_thread([threaded], vendor, interval=1000)
    bridge.install()
    try:
        assert {"count", "open", "managed", "threaded"} == set(metrics())
    finally:
        thread.cancel()
    assert (1, {managed}) == (len(registry.gauges), manager.get_all())


def test_stats_stats_is_found_in_a_frozen_heap():
    """The stats of the process are found though `gc.freeze` hides them from the garbage collector."""
    code = """
import gc
from opencensus.stats.stats import stats
gc.collect(); gc.freeze()
from midspan import sdk
from midspan.bridges import opencensus
from opencensus.stats import aggregation, measure, view
reader = sdk.PullReader()
sdk.configure(exporters=[], metric_readers=[reader], environment={})
opencensus.install()
items = measure.MeasureInt("items", "", "1")
stats.view_manager.register_view(view.View("count", "", [], items, aggregation.CountAggregation()))
measured = stats.stats_recorder.new_measurement_map()
measured.measure_int_put(items, 2)
measured.record()
print([(metric.name, metric.points[0].value) for metric in reader.collect()])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True
    )
    assert "[('count', 1)]" == done.stdout.strip()


def test_a_registry_that_dies_is_let_go(metrics):
    """Being told of keeps nothing alive."""
    registry = open_carts()
    reference = weakref.ref(registry)
    assert ["open"] == list(metrics())
    del registry
    gc.collect()
    assert (None, []) == (reference(), list(metrics()))


def test_a_view_map_that_dies_is_let_go(shop, metrics):
    """Nor does a view map outlive its thread."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    reference = weakref.ref(shop.stats.view_manager.measure_to_view_map)
    assert ["count"] == list(metrics())
    execution_context.clear()
    shop.stats = None
    gc.collect()
    assert (None, []) == (reference(), list(metrics()))


def test_a_producer_that_dies_is_let_go(metrics, task):
    """Nor does a producer, which OpenCensus's thread holds weakly too."""
    producer = produced("open", 5)
    task([producer], Vendor())
    reference = weakref.ref(producer)
    assert ["open"] == list(metrics())
    del producer
    gc.collect()
    assert (None, []) == (reference(), list(metrics()))


def _failing():
    yield None
    raise RuntimeError("no database")


@pytest.mark.parametrize("broken", [lambda: 1 / 0, _failing, lambda: [object()], lambda: 5])
def test_a_broken_producer_is_counted_and_harms_nobody(shop, metrics, broken):
    """All other sources are told of, OpenCensus's and native ones."""
    native.get_meter("shop").create_counter("native").add(1)
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    manager = MetricProducerManager([Own(broken)])
    before = sum(_trouble.counts().values())
    assert {"count", "native"} == set(metrics())
    assert (before + 1, 1) == (sum(_trouble.counts().values()), len(manager.get_all()))


def test_a_broken_function_of_a_gauge_harms_nobody(metrics):
    """The other series of the gauge, and the other gauges, are told of."""

    def broken():
        raise RuntimeError("no database")

    def well():
        return 3

    registry = open_carts()
    for name in ("broken", "well"):
        registry.add_gauge(gauge.DerivedLongGauge(name, "", "1", []))
    registry.gauges["broken"].create_default_time_series(broken)
    registry.gauges["well"].create_default_time_series(well)
    assert {"open", "well"} == set(metrics())


def test_a_broken_view_harms_nobody(shop, metrics):
    """A view whose measure is of no type that OpenCensus knows is left out."""
    shop.view("count", aggregation.CountAggregation())
    view = shop.view("sum", aggregation.SumAggregation(), shop.items)
    shop.record(1.0)
    shop.record(1)
    view._measure = object()
    assert ["count"] == list(metrics())


def test_an_aggregation_of_the_applications_own(shop, point):
    """What an application's own aggregation makes of itself is told."""

    class Most(aggregation.LastValueAggregation):
        def new_aggregation_data(self, measure):
            return MostData(super().new_aggregation_data(measure).value_type, 0)

    class MostData(aggregation.aggregation_data.LastValueAggregationData):
        def add_sample(self, value, timestamp=None, attachments=None):
            super().add_sample(max(value, self.value), timestamp, attachments)

    shop.view("most", Most())
    for value in (1.0, 3.0, 2.0):
        shop.record(value, k="v")
    assert (3.0, {"k": "v"}) == (point("most").value, point("most").attributes)


def test_a_gauge_of_the_applications_own(point):
    """So is what an application's own gauge makes of itself."""

    class Doubled(gauge.LongGauge):
        def get_metric(self, timestamp):
            for each in self.points.values():
                each.set(2 * each.value)
            return super().get_metric(timestamp)

    registry = gauge.Registry()
    registry.add_gauge(Doubled("open", "", "1", []))
    registry.gauges["open"].get_or_create_default_time_series().set(4)
    assert 8 == point("open").value


def test_a_registry_that_tells_otherwise_is_asked(metrics, task):
    """A registry with a `get_metrics` of its own is told of by that, once."""

    class Chosen(gauge.Registry):
        def get_metrics(self):
            return {metric for metric in super().get_metrics() if metric.descriptor.name == "chosen"}

    registry = Chosen()
    for name in ("chosen", "other"):
        registry.add_gauge(a_gauge(name, 1))
    task([registry], Vendor())
    assert ["chosen"] == list(metrics())


def test_what_a_producer_asks_for_is_untraced(metrics):
    """OpenCensus's integrations leave alone what is sent for an export, as in OpenCensus's own threads."""
    seen = []
    manager = MetricProducerManager([Own(lambda: seen.append(trace_context.is_exporter()))])
    metrics()
    assert ([True], False, 1) == (seen, trace_context.is_exporter(), len(manager.get_all()))


def test_the_bridges_own_exporter_beside_the_bridge(shop, reader, task):
    """An application that has both the bridge and `MetricsExporter` is told of once."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    exporter = bridge.MetricsExporter()
    task([shop.stats], exporter).func()
    assert ["count"] == [metric.name for metric in reader.collect()]
    exporter.close()


def test_without_stats_there_is_no_producer():
    """An application that has no stats at all does not make the pipeline collect."""
    code = """
from midspan.bridges import opencensus
from midspan.metrics._seam import binding
opencensus.install()
print(binding.producers)
from opencensus.metrics.export.gauge import Registry
registry = Registry()
print(len(binding.producers))
opencensus.uninstall()
print(binding.producers)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True
    )
    assert ["[]", "1", "[]"] == done.stdout.split()


def test_measures_of_one_name_are_opencensus_business(shop, metrics):
    """A second measure of a name that is taken is not recorded, as in OpenCensus."""
    shop.view("count", aggregation.CountAggregation())
    other = MeasureInt("latency", "another", "s")
    measured = shop.stats.stats_recorder.new_measurement_map()
    measured.measure_int_put(other, 2)
    measured.record()
    assert {} == metrics()


def test_the_stats_of_the_process():
    """`stats.stats`, as most applications use it, is told of."""
    code = """
from midspan import sdk
from midspan.bridges import opencensus
reader = sdk.PullReader()
sdk.configure(exporters=[], metric_readers=[reader], environment={})
opencensus.install()
from opencensus.stats import aggregation, measure, view
from opencensus.stats.stats import stats
items = measure.MeasureInt("items", "", "1")
stats.view_manager.register_view(view.View("count", "", [], items, aggregation.CountAggregation()))
measured = stats.stats_recorder.new_measurement_map()
measured.measure_int_put(items, 2)
measured.record()
print([(metric.name, metric.points[0].value) for metric in reader.collect()])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True
    )
    assert "[('count', 1)]" == done.stdout.strip()
