"""Threads and tasks belong to the trace that started them."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from midspan import baggage, trace
from midspan.integrations import threading as integration

TRACER = trace.get_tracer("t")


@pytest.fixture(autouse=True)
def _on(memory):
    integration.instrument()
    yield
    integration.uninstrument()


def here():
    """Return the span id that is current."""
    return trace.get_current_span().context.span_id


class Worker(threading.Thread):
    """A thread with a `run` of its own."""

    def run(self):
        """Remember the current span, and the baggage."""
        self.seen = here(), baggage.get_baggage("tenant")


def test_a_thread_runs_in_the_context_that_starts_it():
    """The span and the baggage of `start`, not those of the constructor."""
    thread = Worker()
    with TRACER.start_as_current_span("work") as span, baggage.attached({"tenant": "acme"}):
        thread.start()
    thread.join()
    assert (span.context.span_id, "acme") == thread.seen


def test_a_thread_that_is_started_outside_has_no_context():
    """And is what it was: nothing is left on the object."""
    thread = Worker()
    thread.start()
    thread.join()
    assert (0, None) == thread.seen
    assert "run" not in vars(thread)


def test_a_thread_can_go_when_it_is_done():
    """What carries the context keeps nothing alive."""
    thread = Worker()
    with TRACER.start_as_current_span("work"):
        thread.start()
    thread.join()
    alive = weakref.ref(thread)
    gc.disable()
    try:
        del thread
        assert alive() is None
    finally:
        gc.enable()


def test_a_timer_is_a_thread_too():
    """It fires in the context that has started it."""
    seen = []
    timer = threading.Timer(0, lambda: seen.append(here()))
    with TRACER.start_as_current_span("work") as span:
        timer.start()
    timer.join()
    assert [span.context.span_id] == seen


def test_a_task_runs_in_the_context_that_submits_it():
    """Whichever thread serves it; one that is submitted without a context has none."""
    with ThreadPoolExecutor(1) as pool:
        with TRACER.start_as_current_span("one") as one:
            first = pool.submit(here)
        with TRACER.start_as_current_span("two") as two:
            mapped = list(pool.map(lambda _: here(), range(2)))
        last = pool.submit(here)
    expected = [one.context.span_id, two.context.span_id, two.context.span_id, 0]
    assert expected == [first.result(), *mapped, last.result()]


def test_an_event_loop_s_executor_carries_it_as_well():
    """`run_in_executor` submits."""

    async def main():
        with TRACER.start_as_current_span("work") as span:
            found = await asyncio.get_running_loop().run_in_executor(None, here)
        return span.context.span_id, found

    expected, found = asyncio.run(main())
    assert expected == found


def test_a_failed_start_leaves_nothing_behind():
    """A thread is started once."""
    thread = Worker()
    thread.start()
    thread.join()
    with TRACER.start_as_current_span("work"), pytest.raises(RuntimeError):
        thread.start()
    assert "run" not in vars(thread)


def test_uninstrument_restores_what_was_there():
    """Both functions are Python's own again."""
    integration.uninstrument()
    before = threading.Thread.start, ThreadPoolExecutor.submit
    integration.instrument()
    assert before[0] is not threading.Thread.start
    integration.uninstrument()
    assert before == (threading.Thread.start, ThreadPoolExecutor.submit)
