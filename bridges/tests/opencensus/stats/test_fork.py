"""A forked child tells what it counted, and never what its parent had."""

from __future__ import annotations

import json
import os
import signal
import threading

import pytest
from opencensus.metrics.export import cumulative, gauge
from opencensus.metrics.export.metric_producer import MetricProducer, MetricProducerManager
from opencensus.stats import aggregation

ANSWERS_WITHIN_S = 30.0
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork"),
    # From 3.12 on Python warns of threads at a fork, which is what one of these is about.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def in_child(work):
    """Return, by way of JSON, what a function returns in a forked child; one that hangs is ended."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            answer = json.dumps(work())
        except BaseException as error:  # told to the parent
            answer = json.dumps(repr(error))
        os.write(writing, answer.encode())
        os._exit(0)
    os.close(writing)
    watch = threading.Timer(ANSWERS_WITHIN_S, os.kill, (pid, signal.SIGKILL))
    watch.start()
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    os.waitpid(pid, 0)
    watch.cancel()
    return json.loads(answer or '"nothing"')


def values(found):
    """Show the values of numbers, by name."""
    return {name: [point.value for point in metric.points] for name, metric in found.items()}


def test_what_the_parent_counted_is_not_told_again(shop, metrics):
    """A child that records nothing tells nothing, of whatever aggregation."""
    shop.view("count", aggregation.CountAggregation())
    shop.view("sum", aggregation.SumAggregation())
    shop.view("last", aggregation.LastValueAggregation())
    shop.view("latency", aggregation.DistributionAggregation([1.0]))
    shop.record(1.5, {"order": "7"})
    assert [] == in_child(lambda: list(metrics()))
    assert ["count", "sum", "last", "latency"] == list(metrics())


def test_what_the_child_records_is_told_alone(shop, metrics):
    """Counts, sums and buckets are those of the child; so is the start."""
    shop.view("count", aggregation.CountAggregation())
    shop.view("sum", aggregation.SumAggregation())
    shop.view("last", aggregation.LastValueAggregation())
    shop.view("latency", aggregation.DistributionAggregation([1.0, 2.0]))
    for value in (0.5, 1.5, 1.5):
        shop.record(value, {"order": "7"}, k="a")
    start_ns = metrics()["count"].points[0].time_ns

    def child():
        shop.record(1.5, k="a")
        shop.record(8.0, {"order": "8"}, k="b")
        found = metrics()
        told = {name: [point.value for point in found[name].points] for name in ("count", "sum", "last")}
        return told | {
            "latency": [[p.count, p.sum, p.bucket_counts] for p in found["latency"].points],
            "orders": [each.filtered_attributes for p in found["latency"].points for each in p.exemplars],
            "begins": {p.start_ns > start_ns for metric in found.values() for p in metric.points} == {True},
        }

    assert in_child(child) == {
        "count": [1, 1],
        "sum": [1.5, 8.0],
        "last": [1.5, 8.0],
        "latency": [[1, 1.5, [0, 1, 0]], [1, 8.0, [0, 0, 1]]],
        "orders": [{"order": "8"}],
        "begins": True,
    }
    assert [3] == values({"count": metrics()["count"]})["count"]


def test_a_grandchild_tells_its_own_alone(shop, metrics):
    """The same once more."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)

    def grandchild():
        shop.record(1.0)
        return values(metrics())

    def child():
        shop.record(1.0)
        shop.record(1.0)
        return [in_child(grandchild), values(metrics())]

    assert [{"count": [1]}, {"count": [2]}] == in_child(child)


def test_large_counts_lose_nothing(shop, metrics):
    """Whole sums stay whole where floats would not tell them apart."""
    shop.view("sum", aggregation.SumAggregation(), shop.items)
    shop.record(2**60)

    def child():
        shop.record(1)
        return [repr(value) for value in values(metrics())["sum"]]

    assert ["1"] == in_child(child)


def test_readback_goes_on_from_the_parents_counts(shop, metrics):
    """OpenCensus's own view of the child stays OpenCensus's."""
    shop.view("count", aggregation.CountAggregation())
    shop.record(1.0)

    def child():
        shop.record(1.0)
        (metric,) = shop.stats.get_metrics()
        return [metric.time_series[0].points[0].value.value, values(metrics())]

    assert [2, {"count": [1]}] == in_child(child)


def test_cumulatives_begin_anew(metrics):
    """A cumulative of a registry counts from nothing in the child."""
    registry = gauge.Registry()
    made = cumulative.LongCumulative("orders", "", "1", [])
    registry.add_gauge(made)
    made.get_or_create_default_time_series().add(5)

    def child():
        before = values(metrics())
        made.get_or_create_default_time_series().add(2)
        return [before, values(metrics())]

    assert [{}, {"orders": [2]}] == in_child(child)
    assert {"orders": [5]} == values(metrics())


@pytest.mark.parametrize("made", [gauge.LongGauge, gauge.DoubleGauge])
def test_gauges_are_told_once_the_child_sets_them(metrics, made):
    """What the parent set is the parent's to tell; the same value set again is the child's."""
    registry = gauge.Registry()
    registry.add_gauge(made("open", "", "1", []))
    point = registry.gauges["open"].get_or_create_default_time_series()
    point.set(5)

    def child():
        before = values(metrics())
        point.set(5)
        middle = values(metrics())
        point.add(1)
        return [before, middle, values(metrics()), type(point).__name__]

    assert [{}, {"open": [5]}, {"open": [6]}] == in_child(child)[:3]
    assert in_child(child)[3].startswith("GaugePoint")


def test_derived_ones_in_a_child(metrics):
    """A derived gauge is asked; a derived cumulative begins where its function stands when first asked."""
    state = {"value": 5}
    registry = gauge.Registry()
    for name, made in (("open", gauge.DerivedLongGauge), ("orders", cumulative.DerivedLongCumulative)):
        registry.add_gauge(made(name, "", "1", []))

    def ask():
        return state["value"]

    for each in registry.gauges.values():
        each.create_default_time_series(ask)

    def child():
        before = values(metrics())
        state["value"] += 2
        return [before, values(metrics())]

    assert [{"open": [5]}, {"open": [7], "orders": [2]}] == in_child(child)


def test_other_producers_in_a_child(metrics):
    """What a producer says first in the child is where its counts begin."""
    made = cumulative.LongCumulative("orders", "", "1", [])
    made.get_or_create_default_time_series().add(5)

    class Own(MetricProducer):
        def get_metrics(self):
            return [made.get_metric(None)]

    manager = MetricProducerManager([Own()])

    def child():
        before = values(metrics())
        made.get_or_create_default_time_series().add(2)
        return [before, values(metrics())]

    assert [{}, {"orders": [2]}] == in_child(child)
    assert 1 == len(manager.get_all())


def test_locks_that_another_thread_held_are_open_in_the_child(shop, metrics):
    """A thread that was at a gauge when the process was forked makes nobody wait in the child."""
    registry = gauge.Registry()
    made = gauge.LongGauge("open", "", "1", [])
    registry.add_gauge(made)
    point = made.get_or_create_default_time_series()
    view = shop.view("count", aggregation.CountAggregation())
    held, leave = threading.Event(), threading.Event()

    def hold():
        with registry._gauges_lock, made._points_lock, point._value_lock, view._md_cache_lock:
            held.set()
            leave.wait()

    def child():
        point.set(3)
        registry.add_gauge(gauge.LongGauge("other", "", "1", []))
        shop.record(1.0)
        return [values(metrics()), len(list(shop.stats.get_metrics()))]

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        assert [{"count": [1], "open": [3]}, 1] == in_child(child)
    finally:
        leave.set()
        thread.join()


@pytest.mark.skipif(threading.gettrace() is not None, reason="threads may hold coverage's lock at a fork")
def test_forks_while_other_threads_record(shop, metrics):
    """Whenever the process is forked, each child tells what it recorded, exactly, and none hangs."""
    shop.view("count", aggregation.CountAggregation())
    shop.view("latency", aggregation.DistributionAggregation([1.0]))
    leave = threading.Event()

    def record():
        while not leave.is_set():
            shop.record(0.5)
            shop.record(1.5)

    def child():
        for _ in range(3):
            shop.record(1.5)
        found = metrics()
        return [[p.value for p in found["count"].points], [p.bucket_counts for p in found["latency"].points]]

    threads = [threading.Thread(target=record) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert [[[3], [[0, 3]]]] * 20 == [in_child(child) for _ in range(20)]
    finally:
        leave.set()
        for thread in threads:
            thread.join()
