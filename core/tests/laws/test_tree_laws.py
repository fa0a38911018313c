"""Programs of nested and mixed spans: whatever their shape, every span hangs where its program put it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from midspan import context, sdk, testing, trace

HOWS = [
    "block",
    "decorated",
    "coroutine",
    "task",
    "generator",
    "async generator",
    "thread",
    "pool",
    "use",
    "loose",
]


def program_of(steps: list[tuple[str, int]]) -> list:
    """Make a program of steps: how each span is made, and how deep it hangs, at most one below the last."""
    path: list[list] = [[]]
    for how, depth in steps:
        del path[depth + 1 :]
        inner: list = []
        path[-1].append((how, inner))
        path.append(inner)
    return path[0]


# A program is a list of pairs: how a span is made, and the program that runs under it.
programs = st.lists(st.tuples(st.sampled_from(HOWS), st.integers(0, 5)), min_size=1, max_size=9).map(
    program_of
)


class Runner:
    """Runs a program, and keeps for every span which one it should hang under."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self.tracer = tracer
        self.expected: dict[str, str | None] = {}
        self.wrong: list[str] = []

    async def run(self, program: list, parent: str | None) -> None:
        for how, inner in program:
            name = str(len(self.expected))
            self.expected[name] = parent
            before = trace.get_current_span()
            await getattr(self, how.replace(" ", "_"))(name, inner)
            if trace.get_current_span() is not before:
                self.wrong.append(f"{how} left {trace.get_current_span()!r} current")

    async def block(self, name: str, inner: list) -> None:
        with self.tracer.start_as_current_span(name):
            await self.run(inner, name)

    async def decorated(self, name: str, inner: list) -> None:
        @self.tracer.start_as_current_span(name)
        def function() -> None:
            self._in_a_loop_of_its_own(inner, name)

        function()

    async def coroutine(self, name: str, inner: list) -> None:
        @self.tracer.start_as_current_span(name)
        async def function() -> None:
            await asyncio.sleep(0)
            await self.run(inner, name)

        await function()

    async def task(self, name: str, inner: list) -> None:
        await asyncio.create_task(self.block(name, inner))

    async def generator(self, name: str, inner: list) -> None:
        @self.tracer.start_as_current_span(name)
        def function() -> Any:
            yield 1
            self._in_a_loop_of_its_own(inner, name)
            yield 2

        for _ in function():
            await asyncio.sleep(0)

    async def async_generator(self, name: str, inner: list) -> None:
        @self.tracer.start_as_current_span(name)
        async def function() -> Any:
            yield 1
            await self.run(inner, name)
            yield 2

        async for _ in function():
            await asyncio.sleep(0)

    async def thread(self, name: str, inner: list) -> None:
        with self.tracer.start_as_current_span(name):
            carried = context.carry(self._in_a_loop_of_its_own)
        thread = threading.Thread(target=carried, args=(inner, name))
        thread.start()
        thread.join()

    async def pool(self, name: str, inner: list) -> None:
        with ThreadPoolExecutor(1) as executor, self.tracer.start_as_current_span(name):
            context.submit(executor, self._in_a_loop_of_its_own, inner, name).result()

    async def use(self, name: str, inner: list) -> None:
        with trace.use_span(self.tracer.start_span(name), end_on_exit=True):
            await self.run(inner, name)

    async def loose(self, name: str, inner: list) -> None:
        """Start a span that is never current: what follows does not hang under it."""
        self.tracer.start_span(name).end()
        await self.run(inner, self.expected[name])

    def _in_a_loop_of_its_own(self, inner: list, name: str) -> None:
        """Run an async program under a function that is not: in another thread, under this context."""
        here = context.carry(lambda: asyncio.run(self.run(inner, name)))
        thread = threading.Thread(target=here)
        thread.start()
        thread.join()


@settings(max_examples=100)
@given(programs)
def test_every_span_hangs_where_its_program_put_it(program):
    """Blocks, decorators, tasks, threads, pools and generators nest in any order, into well-formed trees."""
    memory = testing.MemoryExporter()
    sdk.configure(exporters=[memory], environment={}, detectors=[], strict=True)
    runner = Runner(trace.get_tracer("t"))
    asyncio.run(runner.run(program, None))
    by_id = {span.context.span_id: span for span in memory.spans}
    parents = {span.name: span.parent and by_id[span.parent.span_id].name for span in memory.spans}
    assert (runner.expected, []) == (parents, runner.wrong)
    assert len(by_id) == len(memory.spans)
    for span in memory.spans:
        assert span.start_ns <= span.end_ns
        if span.parent is not None:
            parent = by_id[span.parent.span_id]
            assert (parent.context, parent.context.trace_id) == (span.parent, span.context.trace_id)
            assert parent.start_ns <= span.start_ns
    assert trace.NOOP_SPAN is trace.get_current_span()
