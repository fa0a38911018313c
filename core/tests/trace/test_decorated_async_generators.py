"""A decorated async generator has its span while its own code runs, however it ends."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys

import pytest

from midspan import trace
from midspan.trace import NOOP_SPAN, Status, StatusCode


@pytest.fixture
def traced(tracer):
    """Return the decorator."""
    return tracer.start_as_current_span("items")


def current_name() -> str:
    """Return the name of the current span."""
    return trace.get_current_span().name


def test_the_consumer_does_not_see_the_span(tracer, traced, memory):
    """Between two items the consumer's own span is current; inside, across awaits, the generator's."""

    @traced
    async def items():
        with tracer.start_as_current_span("nested"):
            for _ in range(2):
                await asyncio.sleep(0)
                yield current_name()

    async def main() -> list:
        with tracer.start_as_current_span("consumer"):
            return [(inside, current_name()) async for inside in items()]

    assert [("nested", "consumer")] * 2 == asyncio.run(main())
    assert ["nested", "items", "consumer"] == [span.name for span in memory.spans]


def test_values_can_be_sent(traced):
    """`asend` reaches the body, with the span current."""

    @traced
    async def echo():
        received = yield "ready"
        while True:
            received = yield received, current_name()

    async def main() -> list:
        generator = echo()
        return [await anext(generator), await generator.asend(1), await generator.asend(2)]

    assert ["ready", (1, "items"), (2, "items")] == asyncio.run(main())


def test_an_exception_that_is_thrown_in_is_the_bodys_to_handle(traced, memory):
    """A body that catches it goes on; the span has not failed."""

    @traced
    async def items():
        try:
            yield 1
        except LookupError:
            yield current_name()

    async def main() -> str:
        generator = items()
        await anext(generator)
        inside = await generator.athrow(LookupError("in"))
        await generator.aclose()
        return inside

    assert ("items", [Status()]) == (asyncio.run(main()), [span.status for span in memory.spans])


def test_an_exception_that_the_body_does_not_handle_is_its_failure(traced, memory):
    """Thrown in, it is recorded once and comes out unchanged."""

    @traced
    async def items():
        yield 1

    error = LookupError("in")

    async def main() -> BaseException:
        generator = items()
        await anext(generator)
        with pytest.raises(LookupError) as caught:
            await generator.athrow(error)
        return caught.value

    assert error is asyncio.run(main())
    span = memory.spans[0]
    assert (Status(StatusCode.ERROR, "LookupError: in"), 1) == (span.status, len(span.events))


def test_the_body_may_fail(traced, memory):
    """An exception of the body ends the span as its failure."""

    @traced
    async def items():
        yield 1
        raise LookupError

    async def main() -> None:
        async for _ in items():
            pass

    with pytest.raises(LookupError):
        asyncio.run(main())
    assert StatusCode.ERROR is memory.spans[0].status.code


def test_closing_runs_the_cleaning_up_under_the_span(traced, memory):
    """`aclose` lets the body finish, awaits and all, and the span has not failed."""
    cleaned = []

    @traced
    async def items():
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            cleaned.append(current_name())

    async def main() -> None:
        generator = items()
        await anext(generator)
        await generator.aclose()

    asyncio.run(main())
    assert (["items"], [Status()]) == (cleaned, [span.status for span in memory.spans])


@pytest.mark.parametrize("decorated", [True, False], ids=["decorated", "a block inside"])
def test_one_that_is_abandoned_leaves_nothing_behind(tracer, memory, caplog, decorated):
    """Breaking out of `async for` ends the span soon, logs nothing, and the consumer has its span back."""
    scope = tracer.start_as_current_span("items")

    async def block():
        with scope:
            yield 1
            yield 2

    @scope
    async def body():
        yield 1
        yield 2

    async def main() -> list[str]:
        with tracer.start_as_current_span("consumer"):
            async for _ in (body if decorated else block)():
                break
            gc.collect()
            for _ in range(3):
                await asyncio.sleep(0)
            inside = current_name()
        return [inside, current_name()]

    with caplog.at_level(logging.DEBUG):
        seen = asyncio.run(main())
    assert ["consumer", ""] == seen
    assert ["items", "consumer"] == [span.name for span in memory.spans]
    assert [] == [record for record in caplog.records if record.name != "asyncio"]


def test_many_that_are_abandoned_at_the_end_of_the_loop(tracer, memory, caplog):
    """A loop that ends with open generators closes them: every span ends, nothing is logged."""
    open_generators = []

    @tracer.start_as_current_span("items")
    async def items():
        with tracer.start_as_current_span("nested"):
            yield 1

    async def main() -> None:
        for _ in range(10):
            open_generators.append(items())
            await anext(open_generators[-1])

    with caplog.at_level(logging.DEBUG):
        asyncio.run(main())
    assert (20, NOOP_SPAN) == (len(memory.spans), trace.get_current_span())
    assert [] == [record for record in caplog.records if record.name != "asyncio"]


def test_one_that_no_loop_closes_is_quiet(traced, memory, monkeypatch):
    """Outside any loop, a generator that is dropped says nothing and leaves nothing current."""
    unraisable = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)

    @traced
    async def items():
        yield 1

    generator = items()
    with pytest.raises(StopIteration):
        anext(generator).__await__().send(None)
    del generator
    gc.collect()
    assert ([], NOOP_SPAN) == (unraisable, trace.get_current_span())


def test_a_consumer_that_is_cancelled_has_not_failed_the_generator(traced, memory):
    """Cancelled while the body awaits, the span ends without a failure."""

    @traced
    async def items():
        await asyncio.sleep(60)
        yield 1

    async def main() -> None:
        task = asyncio.create_task(anext(items()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert [Status()] == [span.status for span in memory.spans]


def test_steps_may_run_in_different_tasks(traced, memory):
    """Each task keeps its own current span."""

    @traced
    async def items():
        for _ in range(3):
            yield current_name()

    async def main() -> list:
        generator = items()

        async def step() -> tuple[str, str]:
            return await anext(generator), current_name()

        seen = [await asyncio.create_task(step()) for _ in range(3)]
        await generator.aclose()
        return seen

    assert [("items", "")] * 3 == asyncio.run(main())
    assert 1 == len(memory.spans)
