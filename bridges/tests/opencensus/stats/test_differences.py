"""The table of differences for stats in docs/opencensus.md, row by row."""

from __future__ import annotations

import os
import re
import sys
import threading
from pathlib import Path

import pytest
from opencensus.metrics.export import cumulative, gauge
from opencensus.stats import aggregation, execution_context
from opencensus.stats.measurement_map import MeasurementMap
from opencensus.stats.stats import _Stats

from midspan import _trouble

PAGE = Path(__file__).parents[4] / "docs" / "opencensus.md"


def test_the_table_is_this_module():
    """Each row of the page has a test of its name here, and the reverse."""
    table = PAGE.read_text().partition("### Where stats differ")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| ")][1:]
    named = {"test_" + "_".join(re.findall(r"[a-z0-9]+", row.lower())) for row in rows}
    here = {name for name in globals() if name.startswith("test_")}
    assert here - {"test_the_table_is_this_module"} == named


def test_the_unit_of_a_count_is_1(shop, metrics):
    """OpenCensus's own producer says milliseconds."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    (theirs,) = shop.stats.get_metrics()
    assert ("1", "ms") == (metrics()["count"].unit, theirs.descriptor.unit)


def test_a_cumulative_starts_when_it_was_first_seen(point):
    """Its start stays what it was at the first collection."""
    registry = gauge.Registry()
    registry.add_gauge(cumulative.LongCumulative("orders", "", "1", []))
    registry.gauges["orders"].get_or_create_default_time_series().add(2)
    first, second = point("orders"), point("orders")
    assert first.time_ns == first.start_ns == second.start_ns < second.time_ns


@pytest.fixture
def _switching():
    """Switch threads as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_switching")
def test_threads_lose_no_sum_of_a_distribution(shop, point):
    """Four threads that record the same value have a mean that is this value."""
    shop.view("latency", aggregation.DistributionAggregation([1.0]))
    shop.view("sum", aggregation.SumAggregation())

    def work():
        for _ in range(3_000):
            shop.record(2.0)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (12_000, 24_000.0, (0, 12_000)) == point("latency")[3:6]


@pytest.mark.usefixtures("_switching")
def test_reading_while_others_record_is_whole(shop):
    """OpenCensus's own producer, too, may be asked while rows come into being."""
    shop.view("latency", aggregation.DistributionAggregation([1.0]))
    left = [1]

    def work():
        for number in range(2_000):
            shop.record(number % 3 / 1.0, k=str(number))
        left[0] = 0

    thread = threading.Thread(target=work)
    thread.start()
    seen = 0
    while left[0]:
        for metric in shop.stats.get_metrics():
            seen = max(seen, len(metric.time_series))
    thread.join()
    (metric,) = shop.stats.get_metrics()
    assert (2_000, True) == (len(metric.time_series), 0 < seen <= 2_000)


def test_an_exporter_of_view_data_that_fails_does_not_break_the_application(shop):
    """Its failure is counted."""

    class Failing:
        def on_register_view(self, view):
            pass

        def export(self, view_datas):
            raise ConnectionError("no backend")

    _trouble.set_strict(False)
    before = _trouble.counts().get("opencensus.exporter", 0)
    shop.stats.view_manager.register_exporter(Failing())
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    assert before + 1 == _trouble.counts()["opencensus.exporter"]


def test_an_attachment_that_is_refused_counts_nothing(shop, metrics):
    """Attachments that are no strings are refused as ever, before anything is counted."""
    shop.view("latency", aggregation.DistributionAggregation([1.0]))
    attachments = {"n": 7}
    measured = MeasurementMap(shop.stats.view_manager.measure_to_view_map, attachments)
    measured.measure_float_put(shop.latency, 2.5)
    with pytest.raises(TypeError):
        measured.record()
    (found,) = metrics()["latency"].points
    assert (0, 0) == (found.count, found.sum)


def test_a_derived_gauge_that_fails_spares_the_others(metrics):
    """The rest of the registry is told of."""

    def broken():
        raise RuntimeError("no database")

    registry = gauge.Registry()
    registry.add_gauge(gauge.DerivedLongGauge("broken", "", "1", []))
    registry.add_gauge(gauge.LongGauge("open", "", "1", []))
    registry.gauges["broken"].create_default_time_series(broken)
    registry.gauges["open"].get_or_create_default_time_series().set(4)
    assert ["open"] == list(metrics())


def test_a_view_in_several_threads_is_one_metric(shop, metrics):
    """Counts of all maps are added up; of last values the later map's is told."""
    maps = []
    for value in (1.0, 2.0):
        execution_context.clear()
        shop.stats = _Stats()
        maps.append(shop.stats)
        shop.view("sum", aggregation.SumAggregation())
        shop.view("last", aggregation.LastValueAggregation())
        shop.record(value)
    told = {name: [point.value for point in metric.points] for name, metric in metrics().items()}
    assert ({"sum": [3.0], "last": [2.0]}, 2) == (told, len(maps))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_tells_its_own_counts_alone(shop, metrics):
    """A child of a process that counted two orders, and counts one more, tells one."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)
    shop.record(1.0)
    pid = os.fork()
    if pid == 0:
        try:
            shop.record(1.0)
            os._exit(metrics()["count"].points[0].value)
        finally:
            os._exit(99)
    assert 1 == os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
