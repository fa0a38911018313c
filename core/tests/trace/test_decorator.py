"""A scope decorates functions: each call runs in a span of its own."""

from __future__ import annotations

import asyncio
import functools
import inspect

import pytest

from midspan import baggage, trace
from midspan.trace import NOOP_SPAN, SpanKind, Status, StatusCode


def names(memory) -> list[str]:
    """Return the names of the spans that arrived."""
    return [span.name for span in memory.spans]


def test_each_call_has_a_span(tracer, memory):
    """Arguments and result pass; the span is current inside, and a new one each time."""
    seen = []

    @tracer.start_as_current_span("work", kind=SpanKind.CLIENT, attributes={"a": 1})
    def work(first: int, *, second: int) -> int:
        seen.append(trace.get_current_span())
        return first + second

    assert [3, 7] == [work(1, second=2), work(3, second=4)]
    assert (seen, 2) == (memory.spans, len({span.context for span in seen}))
    assert [("work", SpanKind.CLIENT, {"a": 1})] * 2 == [(s.name, s.kind, s.attributes) for s in memory.spans]
    assert NOOP_SPAN is trace.get_current_span()


def test_a_decorated_function_calls_itself(tracer, memory):
    """Recursion nests."""

    @tracer.start_as_current_span("fact")
    def fact(number: int) -> int:
        return number * fact(number - 1) if number else 1

    assert (6, 4) == (fact(3), len(memory.spans))
    inner, *outer = memory.spans
    assert [inner.parent, *(span.parent for span in outer)] == [*(span.context for span in outer), None]


def test_an_exception_goes_through(tracer, memory):
    """It is the failure of the span and comes out unchanged."""
    error = LookupError("gone")

    @tracer.start_as_current_span("work")
    def work() -> None:
        raise error

    with pytest.raises(LookupError) as caught:
        work()
    assert (error, StatusCode.ERROR) == (caught.value, memory.spans[0].status.code)


def test_the_switches_hold_for_every_call(tracer, memory):
    """What `start_as_current_span` was told about exceptions and the end is so for each call."""

    @tracer.start_as_current_span(
        "work", record_exception=False, set_status_on_exception=False, end_on_exit=False
    )
    def work() -> trace.Span:
        span = trace.get_current_span()
        spans.append(span)
        raise LookupError

    spans: list[trace.Span] = []
    with pytest.raises(LookupError):
        work()
    assert (Status(), (), True) == (spans[0].status, tuple(spans[0].events), spans[0].is_recording())


def test_a_decorated_function_looks_like_itself(tracer):
    """Name, documentation and signature stay."""

    @tracer.start_as_current_span("work")
    def work(a: int, b: str = "b") -> None:
        """Do it."""

    assert ("work", "Do it.", ["a", "b"]) == (
        work.__name__,
        work.__doc__,
        list(inspect.signature(work).parameters),
    )


async def coroutine() -> None:
    """Be a coroutine function."""


def generator():
    """Be a generator function."""
    yield


async def async_generator():
    """Be an async-generator function."""
    yield


def plain() -> None:
    """Be a plain function."""


@pytest.mark.parametrize("function", [plain, coroutine, generator, async_generator])
def test_a_decorated_function_stays_what_it_is(tracer, function):
    """Frameworks that ask what kind of function they have get the same answer."""
    kinds = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
    decorated = tracer.start_as_current_span("work")(function)
    assert [kind(function) for kind in kinds] == [kind(decorated) for kind in kinds]


def test_methods_can_be_decorated(tracer, memory):
    """Plain, class and static methods, with the decorator on either side."""
    traced = tracer.start_as_current_span("work")

    class Work:
        """Holds one of each."""

        @traced
        def plain(self) -> str:
            return "plain"

        @traced
        @classmethod
        def outside_class(cls) -> str:
            return cls.__name__

        @classmethod
        @traced
        def inside_class(cls) -> str:
            return cls.__name__

        @traced
        @staticmethod
        def outside_static() -> str:
            return "static"

    work = Work()
    results = [
        work.plain(),
        work.outside_class(),
        Work.inside_class(),
        work.outside_static(),
        Work.outside_static(),
    ]
    assert ["plain", "Work", "Work", "static", "static"] == results
    assert ["work"] * 5 == names(memory)


class Callable:
    """An object that is called like a coroutine function."""

    async def __call__(self) -> trace.Span:
        await asyncio.sleep(0)
        return trace.get_current_span()

    async def method(self) -> trace.Span:
        await asyncio.sleep(0)
        return trace.get_current_span()


@pytest.mark.parametrize(
    "function",
    [Callable(), Callable().method, functools.partial(Callable().method), functools.partial(Callable())],
    ids=["object", "bound method", "partial", "partial object"],
)
def test_what_is_called_like_a_coroutine_function_is_awaited_inside(tracer, memory, function):
    """The span covers the awaiting, not just the call."""
    decorated = tracer.start_as_current_span("work")(function)
    assert asyncio.run(decorated()) is memory.spans[0]


def test_a_builtin_can_be_decorated(tracer, memory):
    """A function without code of Python's is plain."""
    assert (3, ["work"]) == (tracer.start_as_current_span("work")(len)("abc"), names(memory))


def test_a_class_can_be_decorated(tracer, memory):
    """Making an instance is a call like any other."""
    assert (7, ["work"]) == (tracer.start_as_current_span("work")(int)("7"), names(memory))


def test_a_coroutine_function_has_its_span_until_the_end(tracer, memory, clock):
    """The span is current across awaits, and ends with the coroutine; others do not see it."""

    @tracer.start_as_current_span("work")
    async def work(result: str) -> str:
        before = trace.get_current_span()
        await asyncio.sleep(0)
        clock.advance(1)
        assert before is trace.get_current_span()
        return result

    async def main() -> tuple:
        together = await asyncio.gather(work("a"), work("b"))
        return together, trace.get_current_span()

    assert (["a", "b"], NOOP_SPAN) == asyncio.run(main())
    assert [True] * 2 == [span.end_ns > span.start_ns for span in memory.spans]


def test_a_coroutine_that_fails(tracer, memory):
    """Its exception is recorded and goes on."""

    @tracer.start_as_current_span("work")
    async def work() -> None:
        await asyncio.sleep(0)
        raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(work())
    assert StatusCode.ERROR is memory.spans[0].status.code


def test_a_coroutine_that_is_cancelled_has_not_failed(tracer, memory):
    """Cancellation is a signal: the span ends without a failure."""

    @tracer.start_as_current_span("work")
    async def work() -> None:
        await asyncio.sleep(60)

    async def main() -> None:
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert [Status()] == [span.status for span in memory.spans]


def test_a_coroutine_that_never_ran_has_no_span(tracer, memory):
    """The span starts with the coroutine's first step."""

    @tracer.start_as_current_span("work")
    async def work() -> None:
        """Do nothing."""

    work().close()
    assert [] == memory.spans


def test_a_decorator_names_its_parent(tracer):
    """`parent` holds for each call, and its baggage with it."""
    parent = baggage.set_baggage("a", "1").with_span(tracer.start_span("parent"))

    @tracer.start_as_current_span("work", parent=parent)
    def work() -> tuple:
        return trace.get_current_span().parent, baggage.get_baggage("a")

    @tracer.start_as_current_span("work", parent=parent)
    def items():
        yield trace.get_current_span().parent, baggage.get_baggage("a")

    assert [(parent.span.context, "1")] * 2 == [work(), next(items())]
