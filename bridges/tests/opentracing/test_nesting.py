"""OpenTracing and native spans nest in every order, wherever the flow of control goes: always one tree."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from midspan import context, trace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from midspan.bridges.opentracing import Tracer
    from midspan.testing import MemoryExporter

ORDERS = ["".join(order) for order in itertools.product("ON", repeat=3)]
native_tracer = trace.get_tracer("shop")


@contextlib.contextmanager
def opened(tracer: Tracer, kind: str, name: str) -> Iterator[trace.Span]:
    """Run a block in an OpenTracing ("O") or a native ("N") span, and check who is active at both ends."""
    if kind == "O":
        with tracer.start_active_span(name) as scope:
            native = scope.span.native
            check(tracer, native)
            assert scope.span is tracer.active_span
            yield native
            check(tracer, native)
            assert scope.span is tracer.active_span
    else:
        with native_tracer.start_as_current_span(name) as native:
            check(tracer, native)
            yield native
            check(tracer, native)


def check(tracer: Tracer, native: trace.Span | None) -> None:
    """Both interfaces agree that this span is active, and keep saying so with the same object."""
    active = tracer.active_span
    assert native is (None if active is None else active.native)
    assert (native or trace.NOOP_SPAN) is trace.get_current_span()
    assert active is tracer.active_span


def descend(tracer: Tracer, order: str, hop: Callable[[Callable[[], None]], None], depth: int = 0) -> None:
    """Open a span for each letter, with a hop between one and the next."""
    if order:
        with opened(tracer, order[0], f"{depth}"):
            hop(lambda: descend(tracer, order[1:], hop, depth + 1))


async def descend_in_tasks(
    tracer: Tracer, order: str, hop: Callable[[Awaitable[None]], Awaitable[None]], depth: int = 0
) -> None:
    """The same, where each span is opened in a task of its own."""
    if order:
        with opened(tracer, order[0], f"{depth}"):
            await asyncio.sleep(0)
            await hop(descend_in_tasks(tracer, order[1:], hop, depth + 1))


def is_one_chain(spans: list[trace.Span]) -> bool:
    """Say whether each span is the child of the one before it, and the first a root."""
    chain = sorted(spans, key=lambda span: span.name)
    parents = [None, *(span.context for span in chain[:-1])]
    return len(chain) == 3 and parents == [span.parent for span in chain]


def trees(memory: MemoryExporter) -> list[list[trace.Span]]:
    """Return the spans of each trace."""
    ids = {span.context.trace_id for span in memory.spans}
    return [[span for span in memory.spans if span.context.trace_id == each] for each in ids]


def by_call(function: Callable[[], None]) -> None:
    """Call."""
    function()


def by_thread(function: Callable[[], None]) -> None:
    """Hand over to a thread."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            function()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=context.carry(run))
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def by_executor(function: Callable[[], None]) -> None:
    """Hand over to a pool."""
    with ThreadPoolExecutor(1) as pool:
        context.submit(pool, function).result()


def by_copy(function: Callable[[], None]) -> None:
    """Run in a copy of the context, as an event loop runs its callbacks."""
    import contextvars

    contextvars.copy_context().run(function)


@pytest.mark.parametrize("hop", [by_call, by_thread, by_executor, by_copy])
@pytest.mark.parametrize("order", ORDERS)
def test_one_tree(tracer: Tracer, memory: MemoryExporter, order: str, hop: Any) -> None:
    """Through calls, threads, executors and callbacks."""
    descend(tracer, order, hop)
    assert is_one_chain(memory.spans)
    check(tracer, None)


@pytest.mark.parametrize("hop", [asyncio.ensure_future, lambda coroutine: asyncio.wait_for(coroutine, 5)])
@pytest.mark.parametrize("order", ORDERS)
def test_one_tree_in_tasks(tracer: Tracer, memory: MemoryExporter, order: str, hop: Any) -> None:
    """Through tasks."""
    asyncio.run(descend_in_tasks(tracer, order, hop))
    assert is_one_chain(memory.spans)


@pytest.mark.parametrize("order", ORDERS)
def test_one_tree_from_a_task_into_threads(tracer: Tracer, memory: MemoryExporter, order: str) -> None:
    """`asyncio.to_thread` takes the active span along."""

    async def main() -> None:
        with opened(tracer, order[0], "0"):
            await asyncio.to_thread(descend, tracer, order[1:], by_call, 1)

    asyncio.run(main())
    assert is_one_chain(memory.spans)


def test_many_trees_in_tasks_at_once(tracer: Tracer, memory: MemoryExporter) -> None:
    """Tasks that take turns do not see each other's spans."""

    async def main() -> None:
        await asyncio.gather(*(descend_in_tasks(tracer, order, asyncio.ensure_future) for order in ORDERS))

    asyncio.run(main())
    assert [True] * len(ORDERS) == [is_one_chain(tree) for tree in trees(memory)]


@pytest.mark.gevent
@pytest.mark.parametrize("order", ORDERS)
def test_one_tree_in_greenlets(tracer: Tracer, memory: MemoryExporter, order: str) -> None:
    """A greenlet begins with nothing active, as in OpenTracing; `carry` takes it along."""
    gevent = pytest.importorskip("gevent")

    def hop(function: Callable[[], None]) -> None:
        assert gevent.spawn(lambda: tracer.active_span).get() is None
        gevent.spawn(context.carry(function)).get()

    descend(tracer, order, hop)
    assert is_one_chain(memory.spans)


@pytest.mark.gevent
def test_many_trees_in_greenlets_at_once(tracer: Tracer, memory: MemoryExporter) -> None:
    """Greenlets that take turns do not see each other's spans."""
    gevent = pytest.importorskip("gevent")

    def hop(function: Callable[[], None]) -> None:
        gevent.sleep(0)
        gevent.spawn(context.carry(function)).get()

    gevent.joinall([gevent.spawn(descend, tracer, order, hop) for order in ORDERS], raise_error=True)
    assert [True] * len(ORDERS) == [is_one_chain(tree) for tree in trees(memory)]


def unfolded(tracer: Tracer, kind: str, name: str) -> Iterator[trace.Span]:
    """Generate twice in a span."""
    with opened(tracer, kind, name) as native:
        yield native
        yield native


@pytest.mark.parametrize("order", ORDERS)
def test_one_tree_through_generators(tracer: Tracer, memory: MemoryExporter, order: str) -> None:
    """A span that is open in a generator is active where its values are used, and not afterwards."""
    outer, middle, inner = order
    for _ in unfolded(tracer, outer, "0"):
        for _ in unfolded(tracer, middle, "1"):
            with opened(tracer, inner, "2"):
                pass
    check(tracer, None)
    assert 1 + 2 + 4 == len(memory.spans)
    ids = {span.context: span.name for span in memory.spans}
    found = {(span.name, None if span.parent is None else ids[span.parent]) for span in memory.spans}
    assert {("0", None), ("1", "0"), ("2", "1")} == found


@pytest.mark.parametrize("order", ORDERS)
def test_generators_that_are_abandoned_leave_nothing_active(
    tracer: Tracer, caplog: pytest.LogCaptureFixture, order: str
) -> None:
    """In whichever order they are closed."""
    for closing in itertools.permutations(range(3)):
        generators = [unfolded(tracer, kind, f"{n}") for n, kind in enumerate(order)]
        for generator in generators:
            next(generator)
        with contextlib.suppress(AssertionError):  # `opened` sees that another one is active
            for index in closing:
                generators[index].close()
        for generator in generators:
            with contextlib.suppress(AssertionError):
                generator.close()
        check(tracer, None)
    assert [] == caplog.messages


@pytest.mark.parametrize("order", ORDERS)
def test_async_generators_that_are_abandoned_leave_nothing_active(
    tracer: Tracer, caplog: pytest.LogCaptureFixture, order: str
) -> None:
    """The event loop closes them in a copy of the context; where they were used, it is mended."""

    async def unfold(kind: str) -> Any:
        if kind == "O":
            with tracer.start_active_span("x") as scope:
                yield scope
        else:
            with native_tracer.start_as_current_span("x") as span:
                yield span

    async def main() -> None:
        generators = [unfold(kind) for kind in order]
        for generator in generators:
            await generator.__anext__()
        while generators:
            del generator
            generator = generators.pop()
        del generator
        for _ in range(5):
            await asyncio.sleep(0)
        check(tracer, None)

    asyncio.run(main())
    assert [] == caplog.messages
