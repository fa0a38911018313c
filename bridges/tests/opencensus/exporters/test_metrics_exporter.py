"""One edited line and nothing patched: OpenCensus's metrics in the pipeline, each once."""

from __future__ import annotations

import datetime as dt
import gc
import itertools
import os
import time

import pytest
from opencensus.metrics import transport
from opencensus.metrics.export.cumulative import LongCumulative
from opencensus.metrics.export.gauge import LongGauge, Registry
from opencensus.metrics.export.metric_producer import MetricProducer
from opencensus.metrics.label_key import LabelKey
from opencensus.metrics.label_value import LabelValue
from opencensus.stats import aggregation, measure, view
from opencensus.stats.measure_to_view_map import MeasureToViewMap
from opencensus.stats.measurement_map import MeasurementMap
from opencensus.stats.stats import stats
from opencensus.tags import TagMap

from midspan import _trouble, metrics, sdk
from midspan.bridges import opencensus as bridge
from midspan.metrics import MetricKind

NUMBERS = itertools.count()
SHOP, A = LabelKey("shop", ""), LabelValue("a")


@pytest.fixture
def exporter():
    """One that is closed afterwards."""
    exporter = bridge.MetricsExporter()
    yield exporter
    exporter.close()


@pytest.fixture
def reader():
    """What asks the pipeline."""
    reader = sdk.PullReader()
    sdk.configure(exporters=[], metric_readers=[reader], strict=True, environment={}, service_name="shop")
    return reader


@pytest.fixture
def registry():
    """A registry with a gauge and a cumulative, both of which say 7."""
    registry = Registry()
    for made in (
        LongGauge("queue", "how many wait", "1", [SHOP]),
        LongCumulative("served", "", "1", [SHOP]),
    ):
        registry.add_gauge(made)
    for name, verb in (("queue", "set"), ("served", "add")):
        getattr(registry.gauges[name].get_or_create_time_series([A]), verb)(7)
    return registry


def _values(reader):
    found = {}
    for metric in reader.collect():
        assert metric.name not in found, f"{metric.name} was told twice"
        found[metric.name] = {
            tuple(sorted(point.attributes.items())): getattr(point, "value", getattr(point, "count", None))
            for point in metric.points
        }
    return found


def _by_thread(producers, exporter):
    """Export once, as OpenCensus does it."""
    thread = transport.get_exporter_thread(producers, exporter, interval=3600)
    thread.close()
    thread.join(5)


def _view(aggregation, name=None):
    """Register a view of its own measure with OpenCensus's stats."""
    name = name or f"v{next(NUMBERS)}"
    made = view.View(name, "", ["shop"], measure.MeasureInt(f"measure of {name}", "", "By"), aggregation)
    stats.view_manager.register_view(made)
    return made


def _record(made, value, where=stats.stats_recorder):
    tags = TagMap()
    tags.insert("shop", "a")
    measurements = where.new_measurement_map()
    measurements.measure_int_put(made.measure, value)
    measurements.record(tags)


def test_gauges_and_views(exporter, reader, registry):
    """The thread that OpenCensus starts brings what its producers tell; readers find it there."""
    made = _view(aggregation.CountAggregation())
    _record(made, 5)
    _by_thread([stats, registry], exporter)
    found = _values(reader)
    assert {(("shop", "a"),): 1} == found[made.name]
    assert ({(("shop", "a"),): 7}, {(("shop", "a"),): 7}) == (found["queue"], found["served"])


def test_what_they_are(exporter, reader, registry):
    """Kinds, units, origin and resource are as over the bridge; a view that counts has the unit 1."""
    made = _view(aggregation.CountAggregation())
    _record(made, 5)
    _by_thread([stats, registry], exporter)
    found = {metric.name: metric for metric in reader.collect()}
    assert [(MetricKind.GAUGE, False), (MetricKind.SUM, True), (MetricKind.SUM, True)] == [
        (found[name].kind, found[name].is_monotonic) for name in ("queue", "served", made.name)
    ]
    assert ("1", "midspan.bridges.opencensus") == (found[made.name].unit, found[made.name].scope.name)
    assert "shop" == found["queue"].resource.attributes["service.name"]


def test_beside_native_ones(exporter, reader, registry):
    """Native instruments and OpenCensus's metrics leave together."""
    metrics.get_meter("shop").create_counter("native").add(1)
    exporter.export_metrics(registry.get_metrics())
    assert {"native", "queue", "served"} <= _values(reader).keys()


def test_the_latest_counts(exporter, reader, registry):
    """What is exported again takes the place of what was; what is not stays as it was."""
    exporter.export_metrics(registry.get_metrics())
    registry.gauges["queue"].get_or_create_time_series([A]).set(3)
    exporter.export_metrics([m for m in registry.get_metrics() if m.descriptor.name == "queue"])
    found = _values(reader)
    assert ({(("shop", "a"),): 3}, {(("shop", "a"),): 7}) == (found["queue"], found["served"])


def test_a_sum_begins_when_it_was_first_seen(exporter, reader, registry):
    """OpenCensus says of cumulatives that they begin whenever they are looked at."""
    starts = set()
    for _ in range(3):
        exporter.export_metrics(registry.get_metrics())
        found = {metric.name: metric for metric in reader.collect()}
        starts.add(found["served"].points[0].start_ns)
        time.sleep(0.002)
    assert 1 == len(starts)


def test_it_lives_without_a_name(reader, registry):
    """OpenCensus holds exporters weakly; this one can be made where it is passed, and goes on."""
    before = set(map(id, metrics._seam.binding.producers))
    thread = transport.get_exporter_thread([registry], bridge.MetricsExporter(), interval=3600)
    gc.collect()
    thread.close()
    assert "queue" in _values(reader)
    for producer in list(metrics._seam.binding.producers):
        if id(producer) not in before:
            producer.close()


def test_as_an_exporter_of_stats(exporter, reader):
    """Registered with a view manager, it takes the data of views at each record."""
    made = _view(aggregation.DistributionAggregation([1.0, 5.0]))
    stats.view_manager.register_exporter(exporter)
    try:
        for value in (1, 2, 7):
            _record(made, value)
    finally:
        stats.view_manager.unregister_exporter(exporter)
    (metric,) = [each for each in reader.collect() if each.name == made.name]
    (point,) = metric.points
    assert (3, 10, (0, 2, 1)) == (point.count, point.sum, point.bucket_counts)


@pytest.mark.parametrize("order", ["installed first", "installed later"])
def test_beside_the_bridge(exporter, reader, registry, order):
    """With the bridge installed as well nothing is told twice, whichever way it comes."""
    made = _view(aggregation.CountAggregation())
    if order == "installed first":
        bridge.install()
    stats.view_manager.register_exporter(exporter)
    try:
        _record(made, 5)
        _by_thread([stats, registry], exporter)
        exporter.export_metrics(registry.get_metrics())
        if order == "installed later":
            bridge.install()
        found = _values(reader)
    finally:
        stats.view_manager.unregister_exporter(exporter)
    assert ({(("shop", "a"),): 1}, {(("shop", "a"),): 7}) == (found[made.name], found["queue"])


def test_made_by_hand_beside_the_bridge(exporter, reader):
    """What only this exporter knows of is told beside the bridge as well."""
    bridge.install()
    gauge = LongGauge("by hand", "", "1", [])
    gauge.get_or_create_default_time_series().set(3)
    exporter.export_metrics([gauge.get_metric(dt.datetime(2026, 1, 31))])  # noqa: DTZ001 - OpenCensus's are naive
    assert {(): 3} == _values(reader)["by hand"]


def test_a_producer_of_ones_own_beside_the_bridge(exporter, reader, registry):
    """A thread's producers are the bridge's to tell of, and the exporter at its end says nothing."""

    class Own(MetricProducer):
        def get_metrics(self):
            return registry.get_metrics()

    bridge.install()
    own = Own()
    _by_thread([own], exporter)
    assert {(("shop", "a"),): 7} == _values(reader)["queue"]


@pytest.mark.usefixtures("_lenient")
def test_it_keeps_2000_at_most(exporter):
    """One metric more is dropped and counted, and those that are known go on."""
    measures = [measure.MeasureInt(f"m{n}", "", "1") for n in range(2_001)]
    views = MeasureToViewMap()
    for each in measures:
        views.register_view(
            view.View(each.name, "", [], each, aggregation.CountAggregation()), "2026-01-31T12:00:00Z"
        )
    measurements = MeasurementMap(views)
    for each in measures:
        measurements.measure_int_put(each, 1)
    measurements.record(TagMap())
    for _ in range(2):
        exporter.export_metrics(views.get_metrics(None))
    assert (2_000, {"opencensus.metrics": 2}) == (len(exporter.produce()), _trouble.counts())


@pytest.mark.usefixtures("_lenient")
def test_what_is_no_metric(exporter, registry):
    """Objects that are no metrics harm those that are not; None, which OpenCensus yields, is nothing."""
    exporter.export_metrics([None, object(), *registry.get_metrics()])
    exporter.export([object()])
    assert {"queue", "served"} == {metric.name for metric in exporter.produce()}


def test_closed(exporter, reader, registry):
    """One that is closed tells nothing more."""
    exporter.export_metrics(registry.get_metrics())
    exporter.close()
    assert "queue" not in _values(reader)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_tells_nothing_of_its_parents(exporter, registry):
    """A child begins with nothing to tell, until something is exported to it."""
    exporter.export_metrics(registry.get_metrics())
    read, write = os.pipe()
    child = os.fork()
    if not child:
        before = len(exporter.produce())
        exporter.export_metrics(registry.get_metrics())
        os.write(write, f"{before} {len(exporter.produce())}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert b"0 2" == os.read(read, 99)
    os.close(read)
    os.close(write)
    assert 2 == len(exporter.produce())
