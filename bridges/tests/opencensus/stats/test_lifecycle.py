"""Install, uninstall, install again: no patch stays behind, and OpenCensus counts on by itself."""

from __future__ import annotations

import subprocess
import sys

from opencensus.metrics import transport
from opencensus.metrics.export import gauge, metric_producer
from opencensus.stats import aggregation, measure_to_view_map, view_data

from midspan import sdk
from midspan.bridges import opencensus as bridge
from midspan.metrics._seam import binding

CLASSES = (
    measure_to_view_map.MeasureToViewMap,
    view_data.ViewData,
    gauge.Registry,
    gauge.BaseGauge,
    gauge.GaugePointLong,
    metric_producer.MetricProducerManager,
    transport.PeriodicMetricTask,
)


def _patches():
    return {owner: dict(owner.__dict__) for owner in CLASSES}, dict(vars(transport))


def _counted(found):
    return {name: [point.value for point in metric.points] for name, metric in found.items()}


def test_uninstall_leaves_no_patch(shop):
    """After `uninstall` every class is as it was, whatever was called how often."""
    bridge.uninstall()
    before = _patches()
    bridge.install()
    bridge.install("replace")
    assert before != _patches()
    bridge.uninstall()
    bridge.uninstall()
    assert before == _patches()


def test_uninstall_removes_the_producer(shop, metrics):
    """What is recorded afterwards is OpenCensus's alone."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    assert {"count": [1]} == _counted(metrics())
    bridge.uninstall()
    shop.record(1.0)
    assert ({}, []) == (metrics(), binding.producers)
    (metric,) = shop.stats.get_metrics()
    assert 2 == metric.time_series[0].points[0].value.value


def test_installed_again(shop, metrics):
    """What was counted without the bridge is there when it comes back: it is OpenCensus that counts."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    bridge.uninstall()
    shop.record(1.0)
    bridge.install()
    shop.record(1.0)
    assert {"count": [3]} == _counted(metrics())


def test_installed_twice_is_told_once(shop, reader):
    """A second `install` adds no second producer."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    bridge.install()
    bridge.install()
    assert ["count"] == [metric.name for metric in reader.collect()]


def test_installed_before_configure(shop):
    """A pipeline that comes later is told of all that there is."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    sdk.reset()
    late = sdk.PullReader()
    sdk.configure(exporters=[], metric_readers=[late], environment={})
    assert ["count"] == [metric.name for metric in late.collect()]


def test_two_pipelines_in_turn(shop):
    """When another pipeline takes over, it tells what the first one told, and what came since."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    other = sdk.PullReader()
    sdk.configure(exporters=[], metric_readers=[other], environment={})
    shop.record(1.0)
    assert {"count": [2]} == _counted({metric.name: metric for metric in other.collect()})


def test_importing_patches_nothing():
    """Importing the bridge changes no class of OpenCensus's, and makes no stats."""
    code = """
import sys
from opencensus.stats.measure_to_view_map import MeasureToViewMap
before = dict(MeasureToViewMap.__dict__)
import midspan.bridges.opencensus
assert before == dict(MeasureToViewMap.__dict__)
assert "opencensus.stats.stats" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_periodic_reader_pushes_what_there_is():
    """A pipeline with a pushing exporter begins to collect when the first source comes."""
    code = """
from midspan import sdk, testing
from midspan.bridges import opencensus
memory = testing.MemoryExporter()
pipeline = sdk.configure(exporters=[memory], environment={})
opencensus.install()
from opencensus.metrics.export.gauge import LongGauge, Registry
registry = Registry()
registry.add_gauge(LongGauge("open", "", "1", []))
registry.gauges["open"].get_or_create_default_time_series().set(4)
assert pipeline.force_flush(timeout_s=5)
print([(metric.name, metric.points[0].value) for metric in memory.metrics])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True
    )
    assert "[('open', 4)]" == done.stdout.strip()
