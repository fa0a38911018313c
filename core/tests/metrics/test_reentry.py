from __future__ import annotations

import signal
import threading
import time

from midspan import _trouble, metrics


def test_a_signal_handler_may_collect_whenever_it_comes(meter, reader):
    """Handlers that come in the midst of a collection never wait for it, wherever they interrupt it."""
    counter = meter.create_counter("c")
    for number in range(50):
        counter.add(1, {"n": number})
    taken = []

    def handle(*_):
        reader.collect()
        taken.append(1)
        # Only now the next one: on a slow machine they would come faster than they are handled.
        signal.setitimer(signal.ITIMER_REAL, 0.0002)

    before = signal.signal(signal.SIGALRM, handle)
    deadline = time.monotonic() + 20
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.0002)
        while len(taken) < 1_500 and time.monotonic() < deadline:
            reader.collect()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(taken) >= 1_500
    assert "metrics.stuck" not in _trouble.counts()
    assert 50 == len([point for metric in reader.collect() if metric.name == "c" for point in metric.points])


def test_a_callback_that_collects_gets_nothing(meter, reader):
    """It is told of, and the collection that it is part of goes on."""
    inner = []

    def observe():
        inner.append(reader.collect())
        return [7]

    meter.create_observable_gauge("g", [observe])
    values = [point.value for metric in reader.collect() if metric.name == "g" for point in metric.points]
    assert ([7], [[]]) == (values, inner)
    assert 1 == _trouble.counts()["metrics.reentered"]


def test_another_thread_waits_for_its_turn(meter, reader):
    """Two collections at once are both whole."""
    meter.create_counter("c").add(1)
    gate = threading.Event()

    def observe():
        gate.wait(5)
        return [1]

    meter.create_observable_gauge("slow", [observe])
    found: list[list[metrics.Metric]] = []
    threads = [threading.Thread(target=lambda: found.append(reader.collect())) for _ in range(2)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert [{"c", "slow"}] * 2 == [{metric.name for metric in each} for each in found]
