"""A scope manager of the user's own decides what is active; native spans nest under it all the same."""

from __future__ import annotations

import asyncio
import itertools
import threading
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from opentracing.scope_managers import ThreadLocalScopeManager

from midspan import baggage, trace
from midspan.bridges.opentracing import Tracer

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.testing import MemoryExporter

native_tracer = trace.get_tracer("shop")


def plainly(function: Callable[[], None]) -> None:
    """Run here."""
    function()


def in_a_task(function: Callable[[], None]) -> None:
    """Run in a task."""

    async def task() -> None:
        function()

    asyncio.run(task())


def in_a_greenlet(function: Callable[[], None]) -> None:
    """Run in a greenlet."""
    import gevent

    gevent.spawn(function).get()


def opentracings(module: str, name: str) -> Callable[[], Any]:
    """Return what makes one of OpenTracing's scope managers, or skips if this version has none."""

    def make() -> Any:
        if module == "gevent":
            pytest.importorskip("gevent")
        if module == "asyncio" and version("opentracing") < "2.4":
            pytest.skip(
                "before 2.4 it asks for asyncio.Task.current_task, which Python has not had since 3.9"
            )
        return getattr(pytest.importorskip(f"opentracing.scope_managers.{module}"), name)()

    return make


MANAGERS = {
    "thread-local": (ThreadLocalScopeManager, plainly),
    "contextvars": (opentracings("contextvars", "ContextVarsScopeManager"), in_a_task),
    "asyncio": (opentracings("asyncio", "AsyncioScopeManager"), in_a_task),
    "gevent": (opentracings("gevent", "GeventScopeManager"), in_a_greenlet),
}
every_manager = pytest.mark.parametrize(("make", "run"), MANAGERS.values(), ids=MANAGERS)


@every_manager
@pytest.mark.parametrize("order", ["".join(order) for order in itertools.product("ON", repeat=3)])
def test_one_tree(make: Any, run: Any, order: str, memory: MemoryExporter) -> None:
    """OpenTracing and native spans nest in every order, and both interfaces see the innermost one."""
    tracer = Tracer(make())

    def descend(rest: str) -> None:
        if not rest:
            return
        if rest[0] == "O":
            with tracer.start_active_span(f"{len(rest)}") as scope:
                assert scope is tracer.scope_manager.active
                inside(scope.span.native, rest)
        else:
            with native_tracer.start_as_current_span(f"{len(rest)}") as native:
                inside(native, rest)

    def inside(native: trace.Span, rest: str) -> None:
        for _ in range(2):
            assert native is tracer.active_span.native is trace.get_current_span()
            assert tracer.active_span is tracer.active_span
            descend(rest[1:])
            rest = ""

    run(lambda: descend(order))
    spans = sorted(memory.spans, key=lambda span: span.name, reverse=True)
    assert [None, *(span.context for span in spans[:2])] == [span.parent for span in spans]


@every_manager
def test_nothing_is_active_afterwards(make: Any, run: Any) -> None:
    """For both interfaces."""
    tracer = Tracer(make())

    def play() -> None:
        with tracer.start_active_span("x"):
            pass
        assert tracer.active_span is None
        assert not trace.get_current_span().context.is_valid

    run(play)


@every_manager
def test_a_span_that_only_the_manager_knows_is_the_parent(make: Any, run: Any) -> None:
    """One that was activated where the native slot is another's: the manager has the last word."""
    import contextvars

    tracer = Tracer(make())

    def play() -> None:
        outer = tracer.start_span("outer").set_baggage_item("user", "ada")
        if make is ThreadLocalScopeManager:
            contextvars.copy_context().run(tracer.scope_manager.activate, outer, False)
        else:
            tracer.scope_manager.activate(outer, False)
        inner = tracer.start_span("inner")
        assert (outer.native.context, "ada") == (inner.native.parent, inner.get_baggage_item("user"))
        assert outer is tracer.active_span

    run(play)


@every_manager
def test_a_scope_closed_out_of_order_stays_open_as_the_manager_says(make: Any, run: Any) -> None:
    """OpenTracing's managers ignore the call; the native slot says the same."""
    tracer = Tracer(make())

    def play() -> None:
        outer = tracer.start_active_span("outer")
        inner = tracer.start_active_span("inner")
        outer.close()
        assert inner.span is tracer.active_span
        inner.close()
        assert outer.span is tracer.active_span
        assert outer.span.native is trace.get_current_span()
        outer.close()
        assert tracer.active_span is None

    run(play)


def test_what_a_task_inherits_natively_is_not_active_by_a_manager_that_hands_nothing_on() -> None:
    """asyncio's manager keeps scopes in their task: a new task begins a trace, or is under what is native."""
    tracer = Tracer(opentracings("asyncio", "AsyncioScopeManager")())
    found: list[Any] = []

    async def child() -> None:
        found.append(tracer.start_span("child").native.parent)

    async def main() -> None:
        with tracer.start_active_span("outer"):
            await asyncio.ensure_future(child())
        with native_tracer.start_as_current_span("native") as native, tracer.start_active_span("inner"):
            await asyncio.ensure_future(child())
            found.append(native.context)

    asyncio.run(main())
    assert [None, found[2]] == found[:2]


@every_manager
def test_baggage_goes_both_ways(make: Any, run: Any) -> None:
    """From OpenTracing's span to native code, and back."""
    tracer = Tracer(make())

    def play() -> None:
        with tracer.start_active_span("outer") as scope:
            scope.span.set_baggage_item("a", "1")
            with baggage.attached({"b": "2"}):
                inner = tracer.start_span("inner")
            assert {"a": "1", "b": "2"} == inner.context.baggage
            assert "1" == baggage.get_baggage("a")

    run(play)


def test_two_tracers_share_a_manager(memory: MemoryExporter) -> None:
    """It is followed once."""
    manager = ThreadLocalScopeManager()
    first, second = Tracer(manager), Tracer(manager)
    with first.start_active_span("outer"), second.start_active_span("inner") as scope:
        assert scope.span.native is trace.get_current_span()
    assert memory.spans[1].context == memory.spans[0].parent
    assert not trace.get_current_span().context.is_valid


def test_foreign_spans_are_active_as_the_manager_says() -> None:
    """The bridge asks the manager, whatever it holds."""
    from opentracing import Span

    tracer = Tracer(ThreadLocalScopeManager())
    foreign = Span(tracer=None, context=None)
    with native_tracer.start_as_current_span("native") as native:
        with tracer.scope_manager.activate(foreign, False):
            assert foreign is tracer.active_span
            assert native.context == tracer.start_span("child").native.parent
        assert native is tracer.active_span.native


def test_each_thread_has_its_own(memory: MemoryExporter) -> None:
    """OpenTracing's thread-local manager hands nothing on."""
    tracer = Tracer(ThreadLocalScopeManager())
    found: list[Any] = []
    with tracer.start_active_span("x"):
        thread = threading.Thread(target=lambda: found.append(tracer.active_span))
        thread.start()
        thread.join()
    assert [None] == found
