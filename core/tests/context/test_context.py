"""One slot knows what is current; attach and detach never raise, wherever they are called."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from midspan import context
from midspan.context import EMPTY, Context


def named(name: str) -> Context:
    """Return a context that can be told from others by its baggage."""
    return EMPTY.with_baggage({"name": name})


def current_name() -> str:
    """Return the name of the current context."""
    return context.current().baggage.get("name", "empty")


def test_nothing_is_current_at_first():
    """Where nothing was attached, the empty context is current."""
    assert (EMPTY, None, {}, {}) == (context.current(), EMPTY.span, dict(EMPTY.baggage), dict(EMPTY.values))


def test_attach_and_detach_nest():
    """What was current before an attach is current again after its detach."""
    seen = [current_name()]
    outer = context.attach(named("outer"))
    seen.append(current_name())
    inner = context.attach(named("inner"))
    seen.append(current_name())
    context.detach(inner)
    seen.append(current_name())
    context.detach(outer)
    assert ["empty", "outer", "inner", "outer", "empty"] == [*seen, current_name()]


def test_an_outer_context_can_be_detached_first():
    """The inner one stays current, and what was before the outer one comes back after it."""
    outer, inner = context.attach(named("outer")), context.attach(named("inner"))
    context.detach(outer)
    between = current_name()
    context.detach(inner)
    assert ("inner", "empty") == (between, current_name())


def test_contexts_that_were_left_are_skipped_in_any_number():
    """Of three, the two outer ones are detached first: the innermost gives way to the empty one."""
    tokens = [context.attach(named(name)) for name in "abc"]
    for token in tokens[:2]:
        context.detach(token)
    assert "c" == current_name()
    context.detach(tokens[2])
    assert EMPTY is context.current()


def test_the_same_context_can_be_attached_twice():
    """Each attach is left on its own."""
    shared = named("shared")
    one, two = context.attach(shared), context.attach(shared)
    context.detach(one)
    assert "shared" == current_name()
    context.detach(two)
    assert "empty" == current_name()


def test_a_second_detach_does_nothing():
    """A token is good for once; once more it disturbs nobody."""
    outer, inner = context.attach(named("outer")), context.attach(named("inner"))
    for _ in range(2):
        context.detach(inner)
    assert "outer" == current_name()
    for _ in range(2):
        context.detach(outer)
    assert "empty" == current_name()


def test_another_thread_can_detach():
    """What it detaches is no longer current where it was attached."""
    token = context.attach(named("here"))
    thread = threading.Thread(target=context.detach, args=(token,))
    thread.start()
    thread.join()
    assert "empty" == current_name()


def test_a_copy_of_the_context_can_detach():
    """A task, or a callback, has a copy: a detach there reaches the original too."""
    token = context.attach(named("here"))
    contextvars.copy_context().run(context.detach, token)
    assert "empty" == current_name()


def test_a_task_keeps_what_it_began_with():
    """A task goes on under the context in which it was created, when that has been detached as it should."""

    async def task() -> str:
        await asyncio.sleep(0)
        return current_name()

    async def main() -> tuple[str, str]:
        with context.attached(named("request")):
            begun = asyncio.create_task(task())
            await asyncio.sleep(0)
        return await begun, current_name()

    assert ("request", "empty") == asyncio.run(main())


def test_tasks_do_not_see_each_others_context():
    """What one task attaches is not current in another."""

    async def task(name: str) -> str:
        with context.attached(named(name)):
            await asyncio.sleep(0)
            return current_name()

    async def main() -> list[str]:
        return await asyncio.gather(task("a"), task("b"))

    assert ["a", "b"] == asyncio.run(main())


def test_an_abandoned_async_generator_gives_the_context_back(caplog):
    """Breaking out of `async for` leaves the generator's context; nothing is logged."""

    async def numbers():
        with context.attached(named("generator")):
            yield 1
            yield 2

    async def main() -> list[str]:
        seen = []
        with context.attached(named("consumer")):
            async for _ in numbers():
                break
            gc.collect()
            for _ in range(3):
                await asyncio.sleep(0)
            seen.append(current_name())
        return [*seen, current_name()]

    with caplog.at_level(logging.DEBUG):
        assert ["consumer", "empty"] == asyncio.run(main())
    assert [] == [record for record in caplog.records if record.name != "asyncio"]


def test_a_generator_that_is_closed_elsewhere_gives_the_context_back():
    """A generator that another thread closes leaves nothing current behind."""

    def numbers():
        with context.attached(named("generator")):
            yield 1

    generator = numbers()
    next(generator)
    thread = threading.Thread(target=generator.close)
    thread.start()
    thread.join()
    assert "empty" == current_name()


def test_attached_is_a_block():
    """`with context.attached(...)` hands the context over and takes it back, whatever happens inside."""
    seen = []

    def block() -> None:
        with context.attached(named("block")) as entered:
            seen.append((entered.baggage["name"], current_name()))
            raise LookupError

    with pytest.raises(LookupError):
        block()
    assert ([("block", "block")], "empty") == (seen, current_name())


def test_values_go_by_keys_of_ones_own():
    """`with_value` adds to what is there and changes no other context."""
    key, other = object(), object()
    one = EMPTY.with_value(key, 1)
    two = one.with_value(other, 2)
    assert ({key: 1}, {key: 1, other: 2}, {}) == (one.values, two.values, dict(EMPTY.values))


def test_parts_can_be_replaced_one_at_a_time(tracer):
    """Span, baggage and values are independent of each other."""
    key, span = object(), tracer.start_span("s")
    whole = EMPTY.with_span(span).with_baggage({"a": "b"}).with_value(key, 1)
    assert (span, {"a": "b"}, {key: 1}) == (whole.span, whole.baggage, whole.values)
    assert (None, {"a": "b"}, {key: 1}) == (whole.with_span(None).span, whole.baggage, whole.values)


def test_a_context_shows_itself():
    """The repr tells span and baggage."""
    assert "Context(span=None, baggage={'a': 'b'})" == repr(EMPTY.with_baggage({"a": "b"}))


def test_carry_takes_the_context_into_a_thread():
    """A carried function runs under the context in which `carry` was called."""
    seen = []
    with context.attached(named("request")):
        carried = context.carry(lambda: seen.append(current_name()))
    thread = threading.Thread(target=carried)
    thread.start()
    thread.join()
    assert ["request"] == seen


def test_a_carried_function_can_run_many_times_and_leaves_no_trace():
    """Each call attaches and detaches; arguments and result pass."""
    with context.attached(named("request")):
        carried = context.carry(lambda *parts, **named: (current_name(), parts, named))
    calls = [carried(1, a=2) for _ in range(2)]
    assert ([("request", (1,), {"a": 2})] * 2, "empty") == (calls, current_name())


def test_a_carried_function_keeps_its_name():
    """It looks like the function that it carries."""

    def work() -> None:
        """Do it."""

    carried = context.carry(work)
    assert ("work", "Do it.", work) == (carried.__name__, carried.__doc__, carried.__wrapped__)


def test_submit_takes_the_context_into_a_pool():
    """A pool's thread, which began under another context, runs the function under this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(current_name).result()
        with context.attached(named("request")):
            future = context.submit(pool, lambda *parts, **named: (current_name(), parts, named), 1, a=2)
        assert ("request", (1,), {"a": 2}) == future.result()
        assert "empty" == pool.submit(current_name).result()


def test_baggage_can_be_amended_in_place(tracer):
    """What runs under a span sees at once what a bridge adds to its baggage, tasks begun earlier too."""
    span = tracer.start_span("s")

    async def task() -> dict:
        await asyncio.sleep(0)
        return dict(context.current().baggage)

    async def main() -> dict:
        with context.attached(EMPTY.with_span(span)):
            begun = asyncio.create_task(task())
            context.amend_baggage(span, {"late": "yes"})
            return await begun

    assert {"late": "yes"} == asyncio.run(main())


def test_baggage_of_another_span_is_not_amended(tracer):
    """A span that is not current amends nothing here."""
    with context.attached(EMPTY.with_span(tracer.start_span("s"))):
        context.amend_baggage(tracer.start_span("other"), {"late": "yes"})
        assert {} == dict(context.current().baggage)


def test_leave_works_without_the_place():
    """A scope that kept only the two contexts restores the one before, as far as it can tell."""
    before = context.current()
    entered = named("entered")
    context._slot.set(entered)
    context.leave(entered, before)
    assert before is context.current()


def test_what_lies_over_a_context_is_told_when_that_is_left_first():
    """A bridge's context is told once of each context below it, and not when it was left in its own time."""
    told = []

    class Bridges(Context):
        def _outlast(self, entered):
            told.append(entered.baggage["name"])

    outer = context.attach(named("outer"))
    inner = context.attach(named("inner"))
    over = Bridges()
    place = context._slot.set(over)
    context.detach(inner)
    context.detach(outer)
    context.detach(outer)
    assert ["inner", "outer"] == told
    context.leave(over, EMPTY, place)
    assert ["inner", "outer"] == told
