"""What is current for OpenCensus code, in threads, tasks and wherever it is moved to by hand."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from opencensus.common.runtime_context import RuntimeContext
from opencensus.trace import execution_context, samplers
from opencensus.trace import span as oc_span
from opencensus.trace.tracer import Tracer

from midspan import context, trace

native_tracer = trace.get_tracer("native")


def _in_thread(function, *args):
    thread = threading.Thread(target=function, args=args)
    thread.start()
    thread.join()


def test_a_thread_begins_with_nothing(tracer):
    """A thread that nobody carried anything into has no current span."""
    seen = []
    with tracer.span("a"):
        _in_thread(lambda: seen.append(execution_context.get_current_span()))
    assert [None] == seen


def test_with_current_context(tracer, spans):
    """OpenCensus's `with_current_context` carries the span, and puts back what was there."""

    def work():
        with native_tracer.start_as_current_span("inside"):
            pass

    with tracer.span("a"):
        carried = RuntimeContext.with_current_context(work)
    with native_tracer.start_as_current_span("elsewhere") as elsewhere:
        carried()
        assert trace.get_current_span() is elsewhere
    assert spans()["inside"].parent == spans()["a"].context


def test_full_context(tracer, spans):
    """The full context, which threading integrations hand over, carries the span and its baggage."""
    seen = []

    def work(full):
        execution_context.set_opencensus_full_context(*full)
        seen.append(dict(context.current().baggage))
        with execution_context.get_opencensus_tracer().span("inside"):
            pass

    with context.attached(context.EMPTY.with_baggage({"user": "7"})), tracer.span("a"):
        _in_thread(work, execution_context.get_opencensus_full_context())
    assert spans()["inside"].parent == spans()["a"].context
    assert [{"user": "7"}] == seen


def test_full_context_under_a_native_span(spans):
    """The same from under a native span."""
    tracer = Tracer(sampler=samplers.AlwaysOnSampler())

    def work(full):
        execution_context.set_opencensus_full_context(*full)
        with tracer.span("inside"):
            pass

    with native_tracer.start_as_current_span("native"):
        _in_thread(work, execution_context.get_opencensus_full_context())
    assert spans()["inside"].parent == spans()["native"].context


def test_full_context_of_what_is_unsampled(unsampled, memory):
    """And a decision against sampling."""

    def work(full):
        execution_context.set_opencensus_full_context(*full)
        with native_tracer.start_as_current_span("inside"):
            pass

    with unsampled.span("a"):
        _in_thread(work, execution_context.get_opencensus_full_context())
    assert [] == memory.spans


def test_tasks_do_not_mix(tracer, spans):
    """Tasks that share a tracer each have their own line of spans."""

    async def request(name):
        with tracer.span(name):
            await asyncio.sleep(0)
            with tracer.span(f"{name}.inner"):
                await asyncio.sleep(0)

    async def main():
        await asyncio.gather(*(request(f"r{number}") for number in range(5)))

    asyncio.run(main())
    for number in range(5):
        assert spans()[f"r{number}"].parent is None
        assert spans()[f"r{number}.inner"].parent == spans()[f"r{number}"].context


def test_a_native_span_that_ended_adopts_nobody(tracer, spans):
    """A root in a thread is no child of a native span that is over, though the tracer used it last."""
    with native_tracer.start_as_current_span("start-up"), tracer.span("migrate"):
        pass
    with tracer.span("request"), native_tracer.start_as_current_span("inside"), tracer.span("step"):
        pass

    def work():
        with tracer.span("in thread"):
            pass

    _in_thread(work)
    assert spans()["in thread"].parent is None


def test_threads_share_a_tracer(tracer, spans):
    """Threads that share a tracer each have their own line; what is open where it was made is above them."""
    barrier = threading.Barrier(4)

    def work(name):
        with tracer.span(name):
            barrier.wait(5)
            with tracer.span(f"{name}.inner"):
                barrier.wait(5)

    with tracer.span("main"), ThreadPoolExecutor(4) as pool:
        list(pool.map(work, ["a", "b", "c", "d"]))
    found = spans()
    for name in ("a", "b", "c", "d"):
        assert found[name].parent == found["main"].context
        assert found[f"{name}.inner"].parent == found[name].context
    assert [] == tracer.tracer.list_collected_spans()


def test_threads_of_a_global_tracer_do_not_mix(tracer, spans):
    """Requests in threads under a tracer of the main thread are roots: none gets the spans of another."""
    barrier = threading.Barrier(2)

    def request(name):
        with tracer.span(name):
            barrier.wait(5)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(request, ["a", "b"]))
    assert {None} == {span.parent for span in spans().values()}
    assert len({span.context.trace_id for span in spans().values()}) == 1


def test_many_threads_lose_nothing(tracer, memory):
    """A thousand spans of one tracer from eight threads all arrive, each once."""

    def work(_):
        for _ in range(125):
            with tracer.span("a"):
                pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len({span.context.span_id for span in memory.spans}) == 1_000


def test_set_current_span(tracer, spans):
    """A span that is made current by hand is the parent of what follows, until another is."""
    with tracer.span("a") as a:
        pass
    execution_context.set_current_span(a)
    with native_tracer.start_as_current_span("b"):
        pass
    execution_context.set_current_span(None)
    with native_tracer.start_as_current_span("c"):
        pass
    assert spans()["b"].parent == spans()["a"].context
    assert spans()["c"].parent is None


def test_put_back_by_hand(tracer):
    """What was current is put back whole, with its baggage."""
    with context.attached(context.EMPTY.with_baggage({"user": "7"})), tracer.span("a") as a:
        execution_context.set_current_span(None)
        assert trace.get_current_span() is trace.NOOP_SPAN
        execution_context.set_current_span(a)
        assert ({"user": "7"}, a) == (dict(context.current().baggage), execution_context.get_current_span())


def test_assigned_over_and_over(tracer):
    """Assigning the current span many times piles nothing up."""
    foreign, other = oc_span.Span("x"), oc_span.Span("y")
    for _ in range(100):
        execution_context.set_current_span(foreign)
        execution_context.set_current_span(other)
    assert context.current().previous is context.EMPTY


def test_any_object_can_be_current():
    """OpenCensus's slot takes any object, and gives it back."""
    marker = object()
    execution_context.set_current_span(marker)
    assert execution_context.get_current_span() is marker
    execution_context.clean()
    assert execution_context.get_current_span() is None


def test_a_plain_span_of_opencensus(tracer, spans):
    """A span that was made without a tracer's help is the parent of native ones, by its ids."""
    plain = oc_span.Span("plain", context_tracer=tracer.tracer)
    execution_context.set_current_span(plain)
    with native_tracer.start_as_current_span("native"):
        pass
    execution_context.set_current_span(None)
    assert spans()["native"].parent.span_id == int(plain.span_id, 16)
    assert spans()["native"].context.trace_id == int(tracer.span_context.trace_id, 16)


def test_a_task_outlives_its_span(tracer, spans):
    """What a task starts after the span around it has ended is still that span's child."""

    async def late(ended):
        await ended.wait()
        with tracer.span("late"):
            pass

    async def main():
        ended = asyncio.Event()
        with tracer.span("a"):
            task = asyncio.create_task(late(ended))
        ended.set()
        await task

    asyncio.run(main())
    assert spans()["late"].parent == spans()["a"].context


def test_ended_in_another_thread(tracer, spans):
    """A span that another thread ends is current nowhere any more."""
    span = tracer.start_span("a")
    _in_thread(span.__exit__, None, None, None)
    assert tracer.current_span() is None
    assert ["a"] == list(spans())


def test_snapshot_and_apply(tracer):
    """OpenCensus's snapshot of all slots holds the span, and can be applied."""
    with tracer.span("a") as a:
        snapshot = RuntimeContext.snapshot()
    assert snapshot["current_span"] is a
    RuntimeContext.apply(snapshot)
    assert execution_context.get_current_span() is a
