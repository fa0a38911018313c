"""Counting from any thread and from signal handlers, exactly and without waiting."""

from __future__ import annotations

import signal
import threading

import pytest

from midspan._tally import Tallies, Tally


def test_a_tally_adds_up():
    """By one, or by any number."""
    tally = Tally()
    for count in (1, 2, 3):
        tally.add(count)
    tally.add()
    assert (7, 7) == (tally.value, tally.value)


def test_no_count_is_lost_between_threads():
    """A sum is exact as soon as nobody is adding."""
    tally = Tally()

    def add() -> None:
        for _ in range(20_000):
            tally.add()

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 160_000 == tally.value


def test_what_waits_to_be_summed_is_bounded():
    """A tally that is never read does not grow."""
    tally = Tally()
    for _ in range(10_000):
        tally.add()
    assert len(tally._pending) < 1024


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="has no timers")
def test_a_signal_handler_may_add():
    """Interrupting another addition, it neither waits nor disturbs the sum."""
    tally, handled = Tally(), []

    def handle(number: int, frame: object) -> None:
        tally.add()
        handled.append(tally.value > 0)

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        for _ in range(100_000):
            tally.add()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert 100_000 + len(handled) == tally.value
    assert all(handled)


def test_whoever_cannot_sum_up_leaves_it_to_others():
    """While one sums up, another addition just joins the queue."""
    tally = Tally()
    tally.add(2)
    assert tally._folding.acquire(blocking=False)
    tally.add(3)
    assert 0 == tally.value
    tally._folding.release()
    assert 5 == tally.value


def test_tallies_go_by_name():
    """A name that was never added to is 0; clearing forgets all."""
    tallies = Tallies()
    tallies.add("a")
    tallies.add("b", 2)
    assert ({"a": 1, "b": 2}, 2, 0) == (tallies.values(), tallies.value("b"), tallies.value("c"))
    tallies.clear()
    assert {} == tallies.values()


def test_names_appear_in_any_thread():
    """Two threads that add to a new name in the same moment add to one sum."""
    tallies, barrier = Tallies(), threading.Barrier(8)

    def add() -> None:
        barrier.wait()
        for number in range(1000):
            tallies.add(str(number))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {8} == set(tallies.values().values())
