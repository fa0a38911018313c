"""OpenTracing, OpenCensus and native spans, in every order of three, wherever the flow of control goes.

It is always one tree, and at each step every interface, every log record and every format of theirs names
the span that is current.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import opentracing
import pytest
from opencensus.common.runtime_context import RuntimeContext
from opencensus.trace import execution_context

from bridges.tests.nesting._apis import ORDERS, Apis, is_one_line, lines
from midspan import context, trace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from midspan.testing import MemoryExporter

    Hop = Callable[[Callable[[], None]], None]
    AsyncHop = Callable[[Awaitable[None]], Awaitable[None]]


def descend(apis: Apis, order: list[str], hop: Hop, depth: int = 0) -> None:
    """Open a span for each interface of the order, with a hop between one and the next."""
    if depth == len(order):
        return
    name = str(depth)
    with apis.span(order[depth], name):
        apis.check(name)
        apis.write(name)
        hop(lambda: descend(apis, order, hop, depth + 1))
        apis.check(name)
        apis.write(name)


async def descend_in_tasks(apis: Apis, order: list[str], hop: AsyncHop, depth: int = 0) -> None:
    """The same, each in a task of its own."""
    if depth == len(order):
        return
    name = str(depth)
    with apis.span(order[depth], name):
        await asyncio.sleep(0)
        apis.check(name)
        apis.write(name)
        await hop(descend_in_tasks(apis, order, hop, depth + 1))
        apis.check(name)
        apis.write(name)


def by_call(function: Callable[[], None]) -> None:
    """Call it."""
    function()


def by_copy(function: Callable[[], None]) -> None:
    """Run it in a copy of the context, as an event loop runs its callbacks."""
    contextvars.copy_context().run(function)


def in_thread(function: Callable[[], None]) -> None:
    """Run it in a thread that begins with nothing."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(function).result(timeout=10)


def by_carry(function: Callable[[], None]) -> None:
    """Hand it over to a thread by the native helper."""
    in_thread(context.carry(function))


def by_native_span(function: Callable[[], None]) -> None:
    """Hand a thread the current native span."""
    span = trace.get_current_span()

    def work() -> None:
        with trace.use_span(span):
            function()

    in_thread(work)


def by_runtime_context(function: Callable[[], None]) -> None:
    """Hand it over by OpenCensus's helper."""
    in_thread(RuntimeContext.with_current_context(function))


def by_full_context(function: Callable[[], None]) -> None:
    """Hand a thread what OpenCensus's integration for threads does."""
    full = execution_context.get_opencensus_full_context()

    def work() -> None:
        execution_context.set_opencensus_full_context(*full)
        function()

    in_thread(work)


def by_activation(function: Callable[[], None]) -> None:
    """Hand a thread the active span of OpenTracing."""
    tracer = opentracing.global_tracer()
    span = tracer.active_span

    def work() -> None:
        with tracer.scope_manager.activate(span, finish_on_close=False):
            function()

    in_thread(work)


HOPS = [by_call, by_copy, by_carry, by_native_span, by_runtime_context, by_full_context, by_activation]
each_order = pytest.mark.parametrize("order", ORDERS)


@each_order
@pytest.mark.parametrize("hop", HOPS)
def test_calls_and_threads(apis: Apis, memory: MemoryExporter, order: str, hop: Hop) -> None:
    """In one thread, and through threads by whichever interface hands over what is current."""
    descend(apis, order.split("-"), hop)
    assert is_one_line(memory.spans)
    assert (trace.NOOP_SPAN, None) == (trace.get_current_span(), execution_context.get_current_span())


@each_order
@pytest.mark.parametrize("hop", [asyncio.ensure_future, lambda coroutine: asyncio.wait_for(coroutine, 10)])
def test_tasks(apis: Apis, memory: MemoryExporter, order: str, hop: AsyncHop) -> None:
    """Through tasks."""
    asyncio.run(descend_in_tasks(apis, order.split("-"), hop))
    assert is_one_line(memory.spans)


@each_order
def test_from_a_task_into_threads_and_back(apis: Apis, memory: MemoryExporter, order: str) -> None:
    """Out of a task into a thread, and from there into another event loop."""

    async def to_thread(coroutine: Any) -> None:
        await asyncio.to_thread(asyncio.run, coroutine)

    asyncio.run(descend_in_tasks(apis, order.split("-"), to_thread))
    assert is_one_line(memory.spans)


def test_all_orders_at_once_in_tasks(apis: Apis, memory: MemoryExporter) -> None:
    """Tasks that take turns do not see each other's spans."""

    async def main() -> None:
        requests = (descend_in_tasks(apis, order.split("-"), asyncio.ensure_future) for order in ORDERS)
        await asyncio.gather(*requests)

    asyncio.run(main())
    assert [True] * len(ORDERS) == lines(memory)


def test_all_orders_at_once_in_threads(apis: Apis, memory: MemoryExporter) -> None:
    """Nor do threads that share OpenCensus's tracer, all of which are in the same step at the same time."""
    barrier = threading.Barrier(len(ORDERS))

    def take_turns(function: Callable[[], None]) -> None:
        barrier.wait(timeout=10)
        function()
        barrier.wait(timeout=10)

    with ThreadPoolExecutor(len(ORDERS)) as pool:
        for done in [pool.submit(descend, apis, order.split("-"), take_turns) for order in ORDERS]:
            done.result(timeout=30)
    assert [True] * len(ORDERS) == lines(memory)


@pytest.mark.gevent
def test_all_orders_at_once_in_greenlets(apis: Apis, memory: MemoryExporter) -> None:
    """Nor do greenlets, into which `carry` takes what is current."""
    gevent = pytest.importorskip("gevent")

    def hop(function: Callable[[], None]) -> None:
        gevent.sleep(0)
        gevent.spawn(context.carry(function)).get()

    requests = [gevent.spawn(descend, apis, order.split("-"), hop) for order in ORDERS]
    gevent.joinall(requests, raise_error=True)
    assert [True] * len(ORDERS) == lines(memory)
