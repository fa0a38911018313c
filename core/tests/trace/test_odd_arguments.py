"""Whatever a verb is given, nothing is raised into the application: the next best is done, and counted."""

from __future__ import annotations

import threading

import pytest

from midspan import _trouble, baggage, context, sdk, trace
from midspan.sdk._clock import SystemClock


class Hidden(type):
    """Hides what a class is called and where it comes from."""

    @property
    def __module__(cls):
        raise LookupError

    @property
    def __name__(cls):
        raise LookupError


class HiddenError(Exception, metaclass=Hidden):
    """An exception whose class does not say where it comes from."""


class Number(int):
    """An integer that does not compare."""

    def __ge__(self, other: object) -> bool:
        raise LookupError

    __le__ = __gt__ = __lt__ = __ge__


class Mapping(dict):
    """A mapping that fails half-way."""

    def items(self):
        yield "good", 1
        raise LookupError


@pytest.mark.parametrize("odd", [None, "text", 5, {}])
def test_what_is_no_context_cannot_be_attached(odd):
    """The current one stays."""
    with baggage.attached({"a": "1"}), context.attached(odd):
        assert "1" == baggage.get_baggage("a")
    assert {"context.invalid": 1} == _trouble.counts()


@pytest.mark.parametrize("odd", [None, "text", 5])
def test_what_is_no_token_detaches_nothing(odd):
    """The current context stays."""
    with baggage.attached({"a": "1"}):
        context.detach(odd)
        assert "1" == baggage.get_baggage("a")
    assert {"context.invalid": 1} == _trouble.counts()


def test_a_place_that_is_used_up_is_of_no_use(tracer):
    """A context that comes into the slot a second time is left like one from elsewhere."""
    token = context.attach(context.EMPTY.with_baggage({"a": "1"}))
    entered = context.current()
    context.detach(token)
    context._slot.set(entered)
    context.detach(token)
    assert context.EMPTY is context.current()


def test_a_block_under_a_context_that_was_left_begins_where_that_leads(tracer):
    """A span that starts where the current context was detached elsewhere takes the one before it."""
    with tracer.start_as_current_span("outer") as outer:
        token = context.attach(context.EMPTY)
        thread = threading.Thread(target=context.detach, args=(token,))
        thread.start()
        thread.join()
        with tracer.start_as_current_span("inner") as inner:
            assert outer.context == inner.parent


@pytest.mark.parametrize("odd", ["text", 5, {}])
def test_baggage_of_what_is_no_context_is_the_current_one(odd):
    """Reading and writing go on."""
    with baggage.attached({"a": "1"}):
        assert ("1", {"a": "1", "b": "2"}) == (
            baggage.get_baggage("a", odd),
            dict(baggage.get_all(baggage.set_baggage("b", "2", odd))),
        )
    assert {"context.invalid": 2} == _trouble.counts()


def test_baggage_is_text():
    """Names and values of other types go by their text."""
    with baggage.attached({5: 7}):
        assert {"5": "7"} == dict(baggage.get_all())
        assert {"5": "7", "None": "1.5"} == dict(baggage.get_all(baggage.set_baggage(None, 1.5)))
        assert {} == dict(baggage.get_all(baggage.remove_baggage(5)))


def test_baggage_that_cannot_be_read_is_reported():
    """What could be read counts."""
    with baggage.attached(Mapping()):
        assert {"good": "1"} == dict(baggage.get_all())
    assert {"baggage.unreadable": 1} == _trouble.counts()


@pytest.mark.parametrize("odd", [None, "text", 5])
def test_what_is_no_span_cannot_be_made_current(tracer, odd):
    """What the block starts goes on under what is current."""
    with tracer.start_as_current_span("outer") as outer, trace.use_span(odd) as used:
        assert not used.is_recording()
        assert outer.context == tracer.start_span("inner").parent
    assert {"span.invalid": 1} == _trouble.counts()


def test_a_name_of_any_kind_starts_a_span(tracer, memory):
    """A span can be renamed to anything, too."""
    with tracer.start_as_current_span(None) as span:
        span.update_name(5)
    assert 1 == len(memory.spans)


@pytest.mark.parametrize("name", [None, 5, b"bytes", object()])
def test_a_tracer_of_any_name_works(memory, name):
    """Its scope goes by text; attributes that are no key of a dictionary become text as well."""
    sdk.configure(exporters=[memory], environment={}, detectors=[])
    trace.get_tracer(name, 7, attributes={"k": {"a": 1}, "l": [1]}).start_span("s").end()
    scope = memory.spans[0].scope
    assert (str, "7", (("k", "{'a': 1}"), ("l", (1,)))) == (type(scope.name), scope.version, scope.attributes)


def test_a_time_that_does_not_compare_is_none(tracer, memory):
    """It is taken for now."""
    tracer.start_span("s", start_ns=Number(5)).end()
    assert (1_700_000_000_000_000_000, 1) == (memory.spans[0].start_ns, _trouble.counts()["span.bad_time"])


def test_an_exception_may_hide_its_module(tracer):
    """It goes by its bare name."""
    span = tracer.start_span("s")
    span.record_exception(HiddenError("gone"))
    assert ("HiddenError", "gone") == tuple(
        map(span.events[0].attributes.get, ("exception.type", "exception.message"))
    )


class Clock:
    """A clock that may fail."""

    def __init__(self, reading: object) -> None:
        self.reading = reading

    def monotonic_ns(self) -> object:
        if isinstance(self.reading, Exception):
            raise self.reading
        return self.reading

    time_ns = monotonic_ns


@pytest.mark.parametrize("reading", [None, "noon", 1.5, -1, 1 << 63, LookupError()])
def test_a_clock_that_fails_gives_way_to_the_machines(memory, reading):
    """Spans have times that can be sent, and the trouble is counted."""
    sdk.configure(exporters=[memory], clock=Clock(reading), environment={}, detectors=[])
    trace.get_tracer("t").start_span("s").end()
    span = memory.spans[0]
    assert abs(span.start_ns - SystemClock.time_ns()) < 10**10
    assert (True, True) == (span.end_ns >= span.start_ns, _trouble.counts()["clock.failed"] > 0)


def test_what_is_no_clock_is_refused():
    """The message says what one has."""
    with pytest.raises(TypeError, match="no functions monotonic_ns and time_ns"):
        sdk.configure(exporters=[], clock=object(), environment={})
