"""OpenCensus's tracer works as it did: its verbs, its readback, its own objects."""

from __future__ import annotations

import logging

import pytest
from opencensus.trace import execution_context, samplers
from opencensus.trace.blank_span import BlankSpan
from opencensus.trace.span_context import SpanContext
from opencensus.trace.tracer import Tracer
from opencensus.trace.tracers.context_tracer import ContextTracer
from opencensus.trace.tracers.noop_tracer import NoopTracer


def test_the_tracer_is_opencensus_own(tracer):
    """No class of OpenCensus's is replaced."""
    assert (Tracer, ContextTracer) == (type(tracer), type(tracer.tracer))


def test_it_is_the_tracer_of_the_context(tracer):
    """A new tracer is the one that integrations find."""
    assert execution_context.get_opencensus_tracer() is tracer


def test_start_and_end(tracer, spans):
    """Spans that are started and ended by hand nest."""
    outer = tracer.start_span("outer")
    inner = tracer.start_span("inner")
    assert tracer.end_span() is None
    assert tracer.current_span() is outer
    tracer.end_span()
    assert tracer.current_span() is None
    assert (spans()["inner"].parent, inner.parent_span) == (spans()["outer"].context, outer)


def test_end_without_a_span(tracer, caplog):
    """Ending what was never started is said as OpenCensus says it."""
    with caplog.at_level(logging.WARNING):
        tracer.end_span()
    assert ["No active span, cannot do end_span."] == [record.message for record in caplog.records]


def test_finish_ends_all(tracer, memory):
    """`finish` ends all open spans, the innermost first."""
    for name in ("a", "b", "c"):
        tracer.start_span(name)
    tracer.finish()
    assert ["c", "b", "a"] == [span.name for span in memory.spans]
    assert tracer.current_span() is None


def test_finish_inside_native_code(tracer, memory):
    """`finish` ends the tracer's spans and no others."""
    from midspan import trace

    tracer.start_span("legacy")
    with trace.get_tracer("t").start_as_current_span("native") as native:
        tracer.finish()
        assert ["legacy"] == [span.name for span in memory.spans]
        assert trace.get_current_span() is native
    assert trace.get_current_span() is trace.NOOP_SPAN


def test_spans_of_one_tracer_are_one_trace(tracer, spans):
    """All spans of a tracer have its trace id, one after the other too."""
    with tracer.span("a"):
        pass
    with tracer.span("b"):
        pass
    expected = int(tracer.span_context.trace_id, 16)
    assert (expected, expected) == (spans()["a"].context.trace_id, spans()["b"].context.trace_id)
    assert (None, None) == (spans()["a"].parent, spans()["b"].parent)


def test_remote_parent(spans):
    """A tracer that was given a caller's context continues its trace."""
    caller = SpanContext(trace_id="a" * 32, span_id="b" * 16, from_header=True)
    tracer = Tracer(span_context=caller, sampler=samplers.AlwaysOnSampler())
    with tracer.span("served") as span:
        assert span.parent_span.span_id == "b" * 16
    native = spans()["served"]
    assert (int("a" * 32, 16), int("b" * 16, 16), True) == (
        native.context.trace_id,
        native.parent.span_id,
        native.parent.is_remote,
    )
    with tracer.span("served again"):
        pass
    assert spans()["served again"].parent == native.parent


def test_parent_assigned_in_the_span_context(tracer, spans):
    """A span id that the application writes into the span context is the parent."""
    tracer.span_context.span_id = "c" * 16
    with tracer.span("a"):
        pass
    assert spans()["a"].parent.span_id == int("c" * 16, 16)


def test_collected_spans(tracer):
    """The open spans are listed."""
    with tracer.span("a") as a, tracer.span("b") as b:
        assert [a, b] == tracer.tracer.list_collected_spans()
    assert [] == tracer.tracer.list_collected_spans()


def test_span_context_keeps_up(tracer):
    """The span context names the current span, then its parent, then nothing."""
    given = tracer.span_context
    with tracer.span("a") as a:
        assert (a.span_id, a.span_id) == (tracer.span_context.span_id, given.span_id)
        with tracer.span("b") as b:
            assert b.span_id == tracer.span_context.span_id
        assert (a.span_id, a.span_id) == (tracer.span_context.span_id, given.span_id)
    assert tracer.span_context is given
    assert given.span_id is None


def test_decorator(tracer, spans):
    """A decorated function runs in a span of its name, and keeps its own."""

    @tracer.trace_decorator()
    def charge(amount):
        """Charge."""
        return amount + 1

    assert (2, "charge", "Charge.") == (charge(1), charge.__name__, charge.__doc__)
    assert ["charge"] == list(spans())


def test_decorator_does_not_leak(tracer, spans):
    """A decorated function that raises ends its span."""

    @tracer.trace_decorator()
    def charge():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        charge()
    assert ["exception"] == [event.name for event in spans()["charge"].events]
    assert tracer.current_span() is None


def test_unsampled_tracer(unsampled):
    """A tracer whose sampler said no is OpenCensus's own as well, with blank spans."""
    assert type(unsampled.tracer) is NoopTracer
    with unsampled.span("a") as span:
        assert isinstance(span, BlankSpan)
        span.add_attribute("k", 1)
        span.add_annotation("n")
    unsampled.add_attribute_to_current_span("k", 1)
    unsampled.finish()


def test_ends_out_of_order(tracer, memory):
    """Spans that end in the wrong order are each themselves, and leave nothing current."""
    outer, inner = tracer.span("outer"), tracer.span("inner")
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    assert tracer.current_span() is inner
    inner.__exit__(None, None, None)
    assert ["outer", "inner"] == [span.name for span in memory.spans]
    assert tracer.current_span() is None


def test_two_tracers(tracer, kept, spans):
    """A span of another tracer that is current is the parent: there is one tree."""
    other = Tracer(sampler=samplers.AlwaysOnSampler(), exporter=kept)
    with tracer.span("a") as a, other.span("b") as b:
        assert b.parent_span is a
    assert spans()["b"].parent == spans()["a"].context
    assert [] == tracer.tracer.list_collected_spans() + other.tracer.list_collected_spans()


def test_a_failing_name_harms_nobody(tracer, memory):
    """A name that cannot be shown is described."""

    class Bad:
        def __str__(self):
            raise ValueError

    with tracer.span(Bad()):
        pass
    assert ["<Bad that cannot be shown>"] == [span.name for span in memory.spans]
