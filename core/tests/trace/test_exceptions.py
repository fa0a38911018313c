"""What is recorded of an exception, whatever it is made of, and what counts as a failure."""

from __future__ import annotations

import asyncio

import pytest

from midspan import _trouble, sdk, trace
from midspan.trace import Status, StatusCode


class UnprintableError(Exception):
    """Raises when it is asked for its text."""

    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


class EvilError(Exception):
    """Breaks whoever formats its traceback."""

    @property
    def __cause__(self):
        raise MemoryError

    def __str__(self) -> str:
        return "evil"


def raised(error: BaseException) -> BaseException:
    """Return an exception with a traceback of its own."""
    try:
        raise error  # noqa: TRY301 - for its traceback
    except BaseException as caught:
        return caught


def recorded(tracer, *arguments, **named) -> dict:
    """Return the attributes of the event that an exception becomes."""
    span = tracer.start_span("s")
    span.record_exception(*arguments, **named)
    assert ["exception"] == [event.name for event in span.events]
    return dict(span.events[0].attributes)


def test_an_exception_is_an_event(tracer):
    """It has type, message and stack trace; the status is not touched."""
    about = recorded(tracer, raised(ValueError("bad")))
    assert ("ValueError", "bad") == (about["exception.type"], about["exception.message"])
    assert about["exception.stacktrace"].startswith("Traceback")
    assert "in raised" in about["exception.stacktrace"]


def test_the_type_is_qualified(tracer):
    """A type goes by module and qualified name, a builtin by its bare name."""
    assert f"{__name__}.UnprintableError" == recorded(tracer, UnprintableError())["exception.type"]


def test_causes_are_part_of_the_stack_trace(tracer):
    """What an exception was raised from is shown as Python shows it."""
    error = RuntimeError("outer")
    error.__cause__ = raised(KeyError("inner"))
    assert "KeyError: 'inner'" in recorded(tracer, error)["exception.stacktrace"]


def test_attributes_win(tracer):
    """Attributes given with the exception are added, and replace what was found out."""
    about = recorded(tracer, ValueError("bad"), {"exception.message": "secret removed", "k": 1}, 5)
    assert ("secret removed", 1) == (about["exception.message"], about["k"])


def test_the_time_can_be_given(tracer):
    """`timestamp_ns` is the event's."""
    span = tracer.start_span("s")
    span.record_exception(ValueError(), timestamp_ns=7)
    assert 7 == span.events[0].timestamp_ns


def test_an_exception_without_a_text_is_recorded(tracer):
    """A `__str__` that raises costs the message alone."""
    about = recorded(tracer, raised(UnprintableError()))
    assert "<UnprintableError that cannot be shown>" == about["exception.message"]
    assert "in raised" in about["exception.stacktrace"]


def test_an_exception_that_cannot_be_formatted_is_recorded(tracer):
    """If formatting raises, the frames and one line are kept."""
    about = recorded(tracer, raised(EvilError()))
    assert "in raised" in about["exception.stacktrace"]
    assert about["exception.stacktrace"].endswith("EvilError: evil")


@pytest.mark.parametrize("thing", ["a text", ValueError, None, 5])
def test_what_is_no_exception_is_recorded_too(tracer, thing):
    """Some record a text or a class for want of an exception: its type and text are kept."""
    assert str(thing) == recorded(tracer, thing)["exception.message"]


def test_odd_attributes_cost_themselves_alone(tracer):
    """The exception is recorded without them."""
    about = recorded(tracer, ValueError("bad"), 5)
    assert ("bad", 1) == (about["exception.message"], _trouble.counts()["attributes.unreadable"])


def test_an_exception_that_leaves_a_block_is_its_failure(tracer, memory):
    """It is recorded, makes the status ERROR, and goes on unchanged."""
    error = ValueError("bad")
    with pytest.raises(ValueError, match="bad") as caught, tracer.start_as_current_span("s"):
        raise error
    span = memory.spans[0]
    assert (error, Status(StatusCode.ERROR, "ValueError: bad")) == (caught.value, span.status)
    assert ["exception"] == [event.name for event in span.events]


def test_an_exception_without_a_text_goes_on_unchanged(tracer, memory):
    """The application's own exception comes out, not one of ours."""
    with pytest.raises(UnprintableError), tracer.start_as_current_span("s"):
        raise UnprintableError
    assert "UnprintableError: <UnprintableError that cannot be shown>" == memory.spans[0].status.description


@pytest.mark.parametrize(
    "signal",
    [SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError],
    ids=lambda kind: kind.__name__,
)
def test_signals_are_no_failures(tracer, memory, signal):
    """What ends a program, a generator or a task is passed on and says nothing against the operation."""
    with pytest.raises(signal), tracer.start_as_current_span("s"):
        raise signal
    assert (Status(), ()) == (memory.spans[0].status, tuple(memory.spans[0].events))


@pytest.mark.parametrize(
    ("switches", "events", "code"),
    [
        ({"record_exception": False}, 0, StatusCode.ERROR),
        ({"set_status_on_exception": False}, 1, StatusCode.UNSET),
    ],
)
def test_both_parts_can_be_switched_off(tracer, memory, switches, events, code):
    """Recording the exception and setting the status are two switches."""
    with pytest.raises(ValueError, match="bad"), tracer.start_as_current_span("s", **switches):
        raise ValueError("bad")
    assert (events, code) == (len(memory.spans[0].events), memory.spans[0].status.code)


def test_a_status_that_was_set_stays(tracer, memory):
    """OK is final, for exceptions too."""

    def block() -> None:
        with tracer.start_as_current_span("s") as span:
            span.set_status(StatusCode.OK)
            raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        block()
    assert Status(StatusCode.OK) == memory.spans[0].status


def test_a_stack_trace_is_cut_like_any_value(memory):
    """A traceback without end does not fill a collector."""
    sdk.configure(exporters=[memory], limits=trace.SpanLimits(value_length=10), environment={}, detectors=[])
    span = trace.get_tracer("t").start_span("s")
    span.record_exception(raised(ValueError("a long message")))
    assert {10} == {len(value) for value in span.events[0].attributes.values()}
