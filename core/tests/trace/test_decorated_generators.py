"""A decorated generator has its span while its own code runs, and nobody else sees it."""

from __future__ import annotations

import gc
import threading

import pytest

from midspan import baggage, context, trace
from midspan.trace import NOOP_SPAN, Status, StatusCode


@pytest.fixture
def traced(tracer):
    """Return the decorator."""
    return tracer.start_as_current_span("items")


def current_name() -> str:
    """Return the name of the current span."""
    return trace.get_current_span().name


def test_the_consumer_does_not_see_the_span(tracer, traced, memory):
    """Between two items the consumer's own span is current; inside, the generator's."""

    @traced
    def items():
        for _ in range(2):
            yield current_name()

    seen = []
    with tracer.start_as_current_span("consumer") as consumer:
        seen += [(inside, current_name()) for inside in items()]
    assert [("items", "consumer")] * 2 == seen
    assert [consumer.context, None] == [span.parent for span in memory.spans]


def test_spans_that_are_open_inside_do_not_leak(tracer, traced, memory):
    """What the body makes current is current for the body alone, and again when it goes on."""

    @traced
    def items():
        with tracer.start_as_current_span("nested"), baggage.attached({"a": "1"}):
            yield current_name(), baggage.get_baggage("a")
            yield current_name(), baggage.get_baggage("a")
        yield current_name(), baggage.get_baggage("a")

    outside, inside = [], []
    for item in items():
        inside.append(item)
        outside.append((current_name(), baggage.get_baggage("a")))
    assert [("nested", "1"), ("nested", "1"), ("items", None)] == inside
    assert [("", None)] * 3 == outside
    assert ["nested", "items"] == [span.name for span in memory.spans]


def test_two_generators_take_turns(tracer):
    """Interleaved generators keep their spans apart."""

    def decorated(name: str):
        @tracer.start_as_current_span(name)
        def items():
            while True:
                yield current_name()

        return items()

    one, other = decorated("one"), decorated("other")
    assert ["one", "other", "one", "other"] == [next(each) for each in (one, other, one, other)]


def test_values_can_be_sent(traced):
    """`send` reaches the body, with the span current."""

    @traced
    def echo():
        received = yield "ready"
        while True:
            received = yield received, current_name()

    generator = echo()
    assert ["ready", (1, "items"), (2, "items")] == [next(generator), generator.send(1), generator.send(2)]


def test_the_return_value_is_kept(traced):
    """`yield from` gets what the body returns."""

    @traced
    def items():
        yield 1
        return "result"

    def outer():
        return (yield from items())

    generator = outer()
    next(generator)
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert "result" == stop.value.value


def test_an_exception_that_is_thrown_in_is_the_bodys_to_handle(traced, memory):
    """A body that catches it goes on; the span has not failed."""

    @traced
    def items():
        try:
            yield 1
        except LookupError:
            yield current_name()

    generator = items()
    next(generator)
    assert "items" == generator.throw(LookupError("in"))
    generator.close()
    assert [Status()] == [span.status for span in memory.spans]


def test_an_exception_that_the_body_does_not_handle_is_its_failure(traced, memory):
    """Thrown in or its own, it is recorded once and comes out unchanged."""

    @traced
    def items():
        yield 1

    error = LookupError("in")
    generator = items()
    next(generator)
    with pytest.raises(LookupError) as caught:
        generator.throw(error)
    span = memory.spans[0]
    assert (error, Status(StatusCode.ERROR, "LookupError: in"), 1) == (
        caught.value,
        span.status,
        len(span.events),
    )


def test_the_body_may_fail(traced, memory):
    """An exception of the body ends the span as its failure."""

    @traced
    def items():
        yield 1
        raise LookupError

    with pytest.raises(LookupError):
        list(items())
    assert StatusCode.ERROR is memory.spans[0].status.code


def test_stop_iteration_in_the_body_stays_an_error(traced):
    """Python turns it into a RuntimeError (PEP 479), decorated or not."""

    @traced
    def items():
        yield 1
        raise StopIteration  # noqa: PLR1708 - the mistake that is tested

    with pytest.raises(RuntimeError, match="generator raised StopIteration"):
        list(items())


@pytest.mark.parametrize("how", ["close", "drop"])
def test_a_generator_that_is_given_up_ends_its_span(tracer, traced, memory, how):
    """Closed or forgotten, it runs its cleaning up under its span, and has not failed."""
    cleaned = []

    @traced
    def items():
        try:
            with tracer.start_as_current_span("nested"):
                yield 1
        finally:
            cleaned.append(current_name())

    generator = items()
    next(generator)
    if how == "close":
        generator.close()
    del generator
    gc.collect()
    assert (["items"], NOOP_SPAN) == (cleaned, trace.get_current_span())
    assert [("nested", Status()), ("items", Status())] == [(span.name, span.status) for span in memory.spans]


def test_a_body_that_will_not_close_is_python_s_error(traced, memory):
    """A generator that yields while it is closed raises RuntimeError, as without the decorator."""

    @traced
    def items():
        try:
            yield 1
        finally:
            yield 2

    generator = items()
    next(generator)
    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        generator.close()
    assert 1 == len(memory.spans)


def test_a_generator_that_was_never_started_has_no_span(traced, memory):
    """The span starts with the first item."""

    @traced
    def items():
        yield 1

    items().close()
    assert [] == memory.spans


def test_each_step_may_run_in_another_thread(traced, memory):
    """A server that runs each step in a thread of its pool sees one span, and no thread keeps it."""

    @traced
    def items():
        for number in range(3):
            yield number, current_name()

    generator, seen = items(), []

    def step() -> None:
        seen.append((next(generator, None), current_name()))

    for _ in range(4):
        thread = threading.Thread(target=step)
        thread.start()
        thread.join()
    assert [((0, "items"), ""), ((1, "items"), ""), ((2, "items"), ""), (None, "")] == seen
    assert 1 == len(memory.spans)


def test_the_consumer_may_change_its_context_between_steps(traced):
    """What the consumer attaches stays the consumer's."""

    @traced
    def items():
        while True:
            yield baggage.get_baggage("a")

    generator = items()
    inside = [next(generator)]
    token = context.attach(baggage.set_baggage("a", "consumer"))
    inside.append(next(generator))
    assert ([None, None], "consumer") == (inside, baggage.get_baggage("a"))
    context.detach(token)
    assert baggage.get_baggage("a") is None
