"""Exact under threads: nothing is lost or torn, whoever records, collects and exports at the same moment."""

from __future__ import annotations

import gc
import signal
import sys
import threading

import pytest
from opencensus.metrics.export import cumulative, gauge
from opencensus.metrics.label_key import LabelKey
from opencensus.metrics.label_value import LabelValue
from opencensus.stats import aggregation

THREADS, RECORDS = 8, 2_000


@pytest.fixture(autouse=True)
def _switching():
    """Switch threads as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(*works):
    """Run functions in threads of their own, and raise what they raise."""
    errors = []

    def guarded(work):
        try:
            work()
        except BaseException as error:  # told to the test
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == errors


def recording(shop, make_tags):
    """Return as many functions that record, and count down when they are through."""
    left = [THREADS]

    def work():
        for number in range(RECORDS):
            shop.record(float(number % 10), **make_tags(number))
        left[0] -= 1

    return [work] * THREADS, left


def register(shop):
    """Register a view of each aggregation that adds up."""
    shop.view("count", aggregation.CountAggregation())
    shop.view("sum", aggregation.SumAggregation())
    shop.view("latency", aggregation.DistributionAggregation([2.0, 5.0]))


def check_exact(found):
    """Check the totals of all records, over all tag sets."""
    total = THREADS * RECORDS
    buckets = [sum(each) for each in zip(*(p.bucket_counts for p in found["latency"].points), strict=True)]
    assert total == sum(point.value for point in found["count"].points)
    assert total * 4.5 == sum(point.value for point in found["sum"].points)
    assert total == sum(point.count for point in found["latency"].points)
    assert [total // 5, total * 3 // 10, total // 2] == buckets
    assert total * 4.5 == pytest.approx(sum(point.sum for point in found["latency"].points), rel=1e-9)


def test_n_threads_times_m_records(shop, metrics):
    """Eight threads that record 2,000 times each in one row make 16,000, sums too."""
    register(shop)
    works, _ = recording(shop, lambda _: {"k": "v"})
    at_once(*works)
    check_exact(metrics())


def test_n_threads_times_m_records_while_others_collect(shop, metrics):
    """The same while two readers collect and rows come into being, and no point is ever torn."""
    register(shop)
    works, left = recording(shop, lambda number: {"k": str(number % 50)})

    def collect():
        while left[0]:
            found = metrics()
            for point in found["latency"].points if "latency" in found else ():
                assert sum(point.bucket_counts) == point.count

    at_once(*works, collect, collect)
    check_exact(metrics())


def test_opencensus_own_producer_may_collect_meanwhile(shop, metrics):
    """What OpenCensus's exporter threads would read is whole as well: without the bridge, this raises."""
    register(shop)
    works, left = recording(shop, lambda number: {"k": str(number % 50)})

    def collect():
        while left[0]:
            for metric in shop.stats.get_metrics():
                assert metric.time_series

    at_once(*works, collect)
    check_exact(metrics())


def test_a_view_data_exporter_may_be_fed_meanwhile(shop, metrics):
    """Copies for an exporter of OpenCensus's are whole too."""
    torn = []

    class Vendor:
        def on_register_view(self, view):
            pass

        def export(self, view_datas):
            rows = (view_data.tag_value_aggregation_data_map for view_data in view_datas)
            found = (data for row in rows for data in row.values() if hasattr(data, "counts_per_bucket"))
            torn.extend(data for data in found if sum(data.counts_per_bucket) != data.count_data)

    register(shop)
    shop.stats.view_manager.register_exporter(Vendor())

    def work():
        for number in range(200):
            shop.record(float(number % 10), k=str(number % 20))

    at_once(*[work] * THREADS)
    assert ([], THREADS * 200) == (torn, sum(point.value for point in metrics()["count"].points))


def test_gauges_and_cumulatives(metrics):
    """Additions to cumulatives are exact, while series come into being and readers collect."""
    registry = gauge.Registry()
    made = cumulative.LongCumulative("orders", "", "1", [LabelKey("k", "")])
    registry.add_gauge(made)
    left = [4]

    def work():
        for number in range(RECORDS):
            made.get_or_create_time_series([LabelValue(str(number % 50))]).add(1)
        left[0] -= 1

    def collect():
        while left[0]:
            metrics()

    at_once(*[work] * 4, collect)
    assert 4 * RECORDS == sum(point.value for point in metrics()["orders"].points)


def test_views_may_be_registered_meanwhile(shop, metrics):
    """Collecting goes on while views and gauges are added."""
    registry = gauge.Registry()
    left = [1]

    def add():
        for number in range(300):
            shop.view(f"v{number}", aggregation.CountAggregation())
            made = gauge.LongGauge(f"g{number}", "", "1", [])
            made.get_or_create_default_time_series().set(number)
            registry.add_gauge(made)
            shop.record(1.0)
        left[0] = 0

    def collect():
        while left[0]:
            metrics()

    at_once(add, collect)
    assert 600 == len(metrics())


def test_a_finalizer_may_record(shop, metrics):
    """What is recorded while garbage is collected, in the midst of a record, is counted and hangs nothing."""
    register(shop)

    class Last:
        def __del__(self):
            shop.record(1.0, k="finalizer")

    before = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for _ in range(500):
            garbage = Last()
            garbage.itself = garbage
            del garbage
            shop.record(1.0, k="v")
            metrics()
    finally:
        gc.set_threshold(*before)
    gc.collect()
    found = metrics()
    assert [500, 500] == [point.value for point in found["count"].points]
    assert [(500, (500, 0, 0)), (500, (500, 0, 0))] == [
        (p.count, p.bucket_counts) for p in found["latency"].points
    ]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers that signal")
def test_a_signal_handler_may_record_and_collect(shop, metrics):
    """What a handler records in the midst of a record is counted, and hangs nothing."""
    register(shop)
    handled = []

    def handle(*_):
        shop.record(1.0, k="v")
        metrics()
        handled.append(1)

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
    recorded = 0
    try:
        while len(handled) < 50:
            shop.record(1.0, k="v")
            recorded += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    (found,) = metrics()["latency"].points
    total = recorded + len(handled)
    assert (total, float(total), (total, 0, 0)) == (found.count, found.sum, found.bucket_counts)
