"""Nothing is lost under threads: N threads times M measurements are N * M, while readers collect."""

from __future__ import annotations

import sys
import threading

import pytest

from midspan import sdk

THREADS, TIMES = 6, 4000

AGGREGATIONS = {
    "sum": lambda point: point.value,
    "explicit_bucket_histogram": lambda point: point.count,
    "base2_exponential_bucket_histogram": lambda point: point.count,
    "min_max_sum_count": lambda point: point.count,
}


@pytest.fixture
def hurried():
    """Switch threads as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_no_measurement_is_lost_between_threads(meter, hurried, aggregation):
    """Threads record, a delta reader and a cumulative reader collect: both account for every measurement."""
    whole, part = sdk.PullReader(), sdk.PullReader("delta")
    view = sdk.View(scope=meter.scope.name, aggregation=aggregation)
    sdk.configure(exporters=[], metric_readers=[whole, part], views=[view], environment={}, detectors=[])
    counter = meter.create_counter("c")
    bound = counter.bind({"who": "all"})
    read = AGGREGATIONS[aggregation]
    told = []

    def work():
        for _ in range(TIMES):
            counter.add(1, {"who": "all"})
            bound.add(1)

    def collect(reader):
        return sum(read(p) for m in reader.collect() if m.name == "c" for p in m.points)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        told.append(collect(part))
    for thread in threads:
        thread.join()
    told.append(collect(part))
    expected = 2 * THREADS * TIMES
    assert (expected, expected) == (collect(whole), sum(told))


def test_threads_that_meet_at_a_new_series_share_it(meter, reader, hurried):
    """However many threads measure a series for the first time at once, there is one."""
    counter = meter.create_counter("new")
    barrier = threading.Barrier(THREADS)

    def work():
        barrier.wait()
        for number in range(200):
            counter.add(1, {"n": number})

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (metric,) = [metric for metric in reader.collect() if metric.name == "new"]
    assert (200, {THREADS}) == (len(metric.points), {point.value for point in metric.points})
