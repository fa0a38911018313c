"""Read and set the current span."""

from __future__ import annotations

import pytest

from midspan import baggage, context, trace
from midspan.trace import NOOP_SPAN, SpanContext, Status, StatusCode


def test_without_a_current_span_there_is_one_that_does_nothing():
    """`get_current_span` never returns None."""
    assert NOOP_SPAN is trace.get_current_span()


def test_use_span_makes_it_current(tracer, memory):
    """The span is current for the block and goes on after it."""
    span = tracer.start_span("s")
    with trace.use_span(span) as used:
        assert span is used is trace.get_current_span()
    assert (NOOP_SPAN, True, []) == (trace.get_current_span(), span.is_recording(), memory.spans)


def test_use_span_can_end_it(tracer, memory):
    """`end_on_exit` ends the span with the block."""
    with trace.use_span(tracer.start_span("s"), end_on_exit=True):
        pass
    assert 1 == len(memory.spans)


@pytest.mark.parametrize(
    ("record", "set_status", "events", "status"),
    [
        (True, True, ["exception"], Status(StatusCode.ERROR, "LookupError: gone")),
        (True, False, ["exception"], Status()),
        (False, True, [], Status(StatusCode.ERROR, "LookupError: gone")),
        (False, False, [], Status()),
    ],
)
def test_use_span_records_what_leaves_the_block(tracer, record, set_status, events, status):
    """An exception goes on unchanged; recording it and setting the status can be switched off, each alone."""
    span, error = tracer.start_span("s"), LookupError("gone")
    with pytest.raises(LookupError) as caught, trace.use_span(span, False, record, set_status):
        raise error
    assert (error, events, status) == (caught.value, [event.name for event in span.events], span.status)


def test_use_span_keeps_the_baggage(tracer):
    """Only the span changes."""
    with baggage.attached({"a": "1"}), trace.use_span(tracer.start_span("s")):
        assert "1" == baggage.get_baggage("a")


def test_use_span_nests_out_of_order(tracer):
    """Leaving the outer block first does not bring its span back."""
    outer, inner = trace.use_span(tracer.start_span("outer")), trace.use_span(tracer.start_span("inner"))
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    inner.__exit__(None, None, None)
    assert NOOP_SPAN is trace.get_current_span()


def test_suppressed_records_nothing(tracer, memory):
    """In the block no span is recorded, nested ones neither; after it they are again."""
    with tracer.start_as_current_span("outer") as outer:
        with trace.suppressed():
            assert trace.is_suppressed()
            with tracer.start_as_current_span("a"), tracer.start_as_current_span("b"):
                tracer.start_span("c").end()
                assert trace.is_suppressed()
        assert (False, outer) == (trace.is_suppressed(), trace.get_current_span())
    assert ["outer"] == [span.name for span in memory.spans]


def test_nothing_is_suppressed_at_first(tracer):
    """Neither without a span nor under an ordinary one."""
    with tracer.start_as_current_span("s"):
        assert not trace.is_suppressed()
    assert not trace.is_suppressed()


def test_suppression_holds_without_a_pipeline():
    """A program that is not configured yet may be suppressed all the same."""
    with trace.suppressed(), trace.get_tracer("t").start_as_current_span("s") as span:
        assert (False, trace.INVALID, True) == (span.is_recording(), span.context, trace.is_suppressed())


@pytest.mark.parametrize(
    "parent",
    [None, SpanContext(1, 2, 1), SpanContext(1, 2, 1, is_remote=True), context.EMPTY],
    ids=["a root", "local", "remote", "a context"],
)
def test_suppression_holds_against_a_parent_that_is_given(tracer, memory, parent):
    """What is started under suppression is not recorded, whichever parent it names."""
    with trace.suppressed():
        tracer.start_span("s", parent=parent).end()
        with tracer.start_as_current_span("s", parent=parent):
            assert trace.is_suppressed()
    assert [] == memory.spans
