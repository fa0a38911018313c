"""OpenCensus's own exporters of stats and metrics: fed with "tee", not with "replace"."""

from __future__ import annotations

import threading

import pytest
from opencensus.metrics import transport
from opencensus.metrics.export import gauge
from opencensus.stats import aggregation
from opencensus.stats.base_exporter import StatsExporter

from midspan import _trouble, sdk
from midspan.bridges import opencensus as bridge


class Views(StatsExporter):
    """An exporter of view data that keeps what it gets."""

    def __init__(self):
        self.registered = []
        self.counts = []

    def on_register_view(self, view):
        self.registered.append(view.name)

    def export(self, view_datas):
        for view_data in view_datas:
            rows = view_data.tag_value_aggregation_data_map
            self.counts.append({tags: data.count_data for tags, data in rows.items()})


class Metrics:
    """An exporter of metrics that keeps what it gets."""

    def __init__(self):
        self.names = []
        self.came = threading.Event()

    def export_metrics(self, metrics):
        self.names.append(sorted(metric.descriptor.name for metric in metrics if metric))
        self.came.set()


@pytest.fixture
def exporter(shop):
    """An exporter of view data that the application registered."""
    exporter = Views()
    shop.stats.view_manager.register_exporter(exporter)
    return exporter


@pytest.fixture
def task():
    """Start OpenCensus's exporter threads, and cancel them in the end."""
    started = []

    def start(producers, vendor, interval):
        started.append(transport.get_exporter_thread(producers, vendor, interval=interval))
        return started[-1]

    yield start
    for each in started:
        each.cancel()
        each.join()


def open_carts():
    """Make a registry with one gauge."""
    registry = gauge.Registry()
    registry.add_gauge(gauge.LongGauge("open", "carts", "1", []))
    registry.gauges["open"].get_or_create_default_time_series().set(1)
    return registry


def test_a_view_data_exporter_is_fed_with_tee(shop, exporter, metrics):
    """Each record reaches it, with all rows, as they are at that moment; and the pipeline has the same."""
    shop.view("count", aggregation.CountAggregation())
    for tags in ({"k": "a"}, {"k": "b"}, {"k": "a"}, {}):
        shop.record(1.0, **tags)
    a, b, missing = ("a",), ("b",), (None,)
    assert ["count"] == exporter.registered
    assert [{a: 1}, {a: 1, b: 1}, {a: 2, b: 1}, {a: 2, b: 1, missing: 1}] == exporter.counts
    assert [2, 1, 1] == [point.value for point in metrics()["count"].points]


def test_a_view_data_exporter_is_not_fed_with_replace(shop, exporter, metrics):
    """Only the pipeline has what was recorded; the other is fed again when "tee" is asked for."""
    shop.view("count", aggregation.CountAggregation())
    bridge.install(legacy_exporters="replace")
    shop.record(1.0)
    assert ([], [1]) == (exporter.counts, [point.value for point in metrics()["count"].points])
    bridge.install(legacy_exporters="tee")
    shop.record(1.0)
    assert [{(None,): 2}] == exporter.counts


def test_a_view_data_exporter_that_was_unregistered_is_fed_no_more(shop, exporter):
    """As in OpenCensus."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    shop.stats.view_manager.unregister_exporter(exporter)
    shop.record(1.0)
    assert 1 == len(exporter.counts)


def test_what_an_exporter_gets_does_not_change_any_more(shop):
    """View data that was exported is a copy, of every aggregation."""
    kept = []

    class Keeping(Views):
        def export(self, view_datas):
            kept.extend(view_datas)

    shop.stats.view_manager.register_exporter(Keeping())
    shop.view("latency", aggregation.DistributionAggregation([1.0]))
    shop.record(0.5, {"order": "7"})
    shop.record(2.5, {"order": "8"})
    first, second = (next(iter(each.tag_value_aggregation_data_map.values())) for each in kept)
    assert ([1, 0], [1, 1]) == (first.counts_per_bucket, second.counts_per_bucket)
    assert (1, 0.5, None) == (first.count_data, first.sum, first.exemplars[1])
    assert {"order": "8"} == second.exemplars[1].attachments
    assert kept[0].end_time <= kept[1].end_time


def test_an_exporter_that_fails_does_not_break_the_application(shop, metrics):
    """OpenCensus raises what a view data exporter raises into the application that records."""

    class Failing(Views):
        def export(self, view_datas):
            raise ConnectionError("no backend")

    shop.stats.view_manager.register_exporter(Failing())
    shop.view("count", aggregation.CountAggregation())
    sdk.configure(exporters=[], environment={})
    _trouble.set_strict(False)
    shop.record(1.0)
    assert 1 == _trouble.counts()["opencensus.exporter"]


def test_an_exporter_thread_is_fed_with_tee(shop, task):
    """OpenCensus's own thread exports what its producers give."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    vendor, registry = Metrics(), open_carts()
    task([shop.stats, registry], vendor, 0.01)
    assert vendor.came.wait(10)
    assert ["count", "open"] == vendor.names[0]


def test_an_exporter_thread_is_not_fed_with_replace(shop, task, metrics):
    """Threads go on, and export nothing, those from before the change too; then they do again."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    vendor, registry = Metrics(), open_carts()
    bridge.install(legacy_exporters="replace")
    started = task([shop.stats, registry], vendor, 1000)
    started.func()
    started.function()
    assert ([], {"count", "open"}) == (vendor.names, set(metrics()))
    bridge.install(legacy_exporters="tee")
    started.func()
    assert [["count", "open"]] == vendor.names


def test_a_task_that_exports_nothing_is_left_alone(task):
    """`PeriodicMetricTask` serves for other work as well, and does it with "replace" too."""
    done = []
    bridge.install(legacy_exporters="replace")
    each = transport.PeriodicMetricTask(interval=1000, function=lambda: done.append(1))
    each.func()
    assert [1] == done


def test_closing_an_exporter_thread_flushes(shop, task):
    """`close` exports a last time, as without the bridge."""
    vendor, registry = Metrics(), open_carts()
    task([registry], vendor, 1000).close()
    assert [["open"]] == vendor.names
