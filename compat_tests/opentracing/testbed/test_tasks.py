"""Spans that outlive tasks, are shared or replaced by them: five scenarios of OpenTracing's testbed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from compat_tests.opentracing.testbed._runtimes import Runtime
    from midspan.bridges.opentracing import Tracer
    from midspan.testing import MemoryExporter


def test_active_span_replacement(runtime: Runtime, tracer: Tracer, tree: Any) -> None:
    """A task works in a span of its own, finishes another one in between, and goes on in its own."""

    async def task(initial: Any) -> None:
        with tracer.start_active_span("task") as scope:
            with tracer.scope_manager.activate(initial, finish_on_close=True):
                await runtime.sleep()
                assert initial is tracer.active_span
            assert scope is tracer.scope_manager.active
            with tracer.start_active_span("subtask"):
                await runtime.sleep()

    async def main() -> None:
        await runtime.spawn(task, tracer.start_span("initial"))()
        assert tracer.active_span is None

    runtime.run(main)
    assert {"initial": None, "task": None, "subtask": "task"} == tree()


def test_late_span_finish(runtime: Runtime, tracer: Tracer, memory: MemoryExporter, tree: Any) -> None:
    """Tasks run under a span that is still open when they are done, and is finished by whoever began it."""

    async def task(name: str, parent: Any) -> None:
        with tracer.scope_manager.activate(parent, finish_on_close=False):
            await runtime.sleep()
            with tracer.start_active_span(name):
                await runtime.sleep()

    async def main() -> None:
        parent = tracer.start_span("parent")
        with tracer.scope_manager.activate(parent, finish_on_close=False):
            results = [runtime.spawn(task, name, parent) for name in ("one", "two")]
        for result in results:
            await result()
        assert tracer.active_span is None
        parent.finish()

    runtime.run(main)
    assert {"one": "parent", "two": "parent", "parent": None} == tree()
    assert "parent" == memory.spans[-1].name


class Shared:
    """A span that its last user finishes: how libraries count references."""

    def __init__(self, span: Any, users: int) -> None:
        self.span = span
        self._lock = threading.Lock()
        self._users = users

    def done(self) -> None:
        """One of the users is done."""
        with self._lock:
            self._users -= 1
            is_last = self._users == 0
        if is_last:
            self.span.finish()


def test_multiple_callbacks(runtime: Runtime, tracer: Tracer, memory: MemoryExporter, tree: Any) -> None:
    """Callbacks share the span in which they were set up; the last one finishes it."""

    async def callback(name: str, shared: Shared) -> None:
        with tracer.scope_manager.activate(shared.span, finish_on_close=False):
            with tracer.start_active_span(name):
                await runtime.sleep()
            assert shared.span is tracer.active_span
        shared.done()

    async def main() -> None:
        with tracer.start_active_span("parent", finish_on_close=False) as scope:
            shared = Shared(scope.span, 4)
            results = [runtime.spawn(callback, f"callback {n}", shared) for n in range(3)]
        shared.done()
        for result in results:
            await result()

    runtime.run(main)
    assert {"parent": None, **{f"callback {n}": "parent" for n in range(3)}} == tree()
    assert "parent" == memory.spans[-1].name


def test_nested_callbacks(runtime: Runtime, tracer: Tracer, memory: MemoryExporter) -> None:
    """Callbacks that start one another tag the same span; the innermost finishes it."""

    async def level(span: Any, depth: int) -> None:
        with tracer.scope_manager.activate(span, finish_on_close=False):
            await runtime.sleep()
            assert span is tracer.active_span
            tracer.active_span.set_tag(f"level {depth}", depth)
            if depth < 3:
                await runtime.spawn(level, span, depth + 1)()
            else:
                span.finish()

    async def main() -> None:
        span = tracer.start_span("one")
        await runtime.spawn(level, span, 1)()
        assert tracer.active_span is None

    runtime.run(main)
    (span,) = memory.spans
    assert {"level 1": 1, "level 2": 2, "level 3": 3} == span.attributes


@pytest.mark.parametrize("by_hand", [True, False])
def test_subtask_span_propagation(runtime: Runtime, tracer: Tracer, tree: Any, by_hand: bool) -> None:
    """What a subtask starts is under the span of its task: handed over, or inherited where tasks inherit."""
    if not by_hand and not runtime.inherits:
        pytest.skip("nothing is inherited there")

    async def child(parent: Any) -> str:
        if not by_hand:
            return await leaf()
        with tracer.scope_manager.activate(parent, finish_on_close=False):
            return await leaf()

    async def leaf() -> str:
        with tracer.start_active_span("child"):
            await runtime.sleep()
        return "answer"

    async def main() -> None:
        with tracer.start_active_span("parent") as scope:
            assert "answer" == await runtime.spawn(child, scope.span)()
            assert scope is tracer.scope_manager.active

    runtime.run(main)
    assert {"child": "parent", "parent": None} == tree()


def test_no_parent_scope(runtime: Runtime, tracer: Tracer, tree: Any) -> None:
    """What is started in the block, at once or later, begins traces of its own; outside all is as before."""
    managers = pytest.importorskip("opentracing.scope_managers.contextvars")
    no_parent_scope: Callable[[], Any] = managers.no_parent_scope

    async def periodic(left: int) -> None:
        with tracer.start_active_span(f"run {left}"):
            await runtime.sleep()
            with no_parent_scope():
                again = runtime.spawn(periodic, left - 1) if left else None
                tracer.start_span(f"alone {left}").finish()
            tracer.start_span(f"inside {left}").finish()
        if again is not None:
            await again()

    async def main() -> None:
        with tracer.start_active_span("root"):
            await periodic(2)

    runtime.run(main)
    alone = {f"alone {n}": None for n in range(3)}
    inside = {f"inside {n}": f"run {n}" for n in range(3)}
    assert {"root": None, "run 2": "root", "run 1": None, "run 0": None, **alone, **inside} == tree()
