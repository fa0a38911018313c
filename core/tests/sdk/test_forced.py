"""Callers who force a trace to be recorded, within what callers from outside may ask."""

from __future__ import annotations

import pytest

from midspan import _trouble, sdk, trace
from midspan.context import EMPTY
from midspan.propagation import ROOT_ATTRIBUTES
from midspan.trace import NonRecordingSpan, SpanContext, TraceFlags


def tracer_under(memory, clock, **settings) -> trace.Tracer:
    """Return a tracer that samples nothing by itself."""
    defaults = {"sampler": "parentbased_always_off", "forced_per_second": 1}
    sdk.configure(exporters=[memory], clock=clock, environment={}, detectors=[], **{**defaults, **settings})
    return trace.get_tracer("t")


def caller(*, ids: bool, debug: bool = True, sampled: bool = False, remote: bool = True) -> SpanContext:
    """Return what a header may say."""
    return SpanContext(*((7, 8) if ids else (0, 0)), int(sampled), is_remote=remote, is_debug=debug)


@pytest.mark.parametrize("ids", [True, False], ids=["with ids", "without ids"])
def test_a_debug_flag_forces_the_recording(memory, clock, ids):
    """B3's "d" and Jaeger's debug id win over the sampler, and go on to children and other services."""
    tracer = tracer_under(memory, clock)
    with tracer.start_as_current_span("root", parent=caller(ids=ids)) as root:
        tracer.start_span("child").end()
    assert ["child", "root"] == [span.name for span in memory.spans]
    assert [(True, True)] * 2 == [(s.context.is_debug, s.context.is_sampled) for s in memory.spans]
    assert (7 if ids else root.context.trace_id) == root.context.trace_id


@pytest.mark.parametrize("ids", [True, False], ids=["with ids", "without ids"])
def test_callers_from_outside_may_force_so_many_a_second(memory, clock, ids):
    """Beyond the allowance a trace is sampled as usual, not announced as forced, and this is counted."""
    tracer = tracer_under(memory, clock)
    spans = [tracer.start_span("s", parent=caller(ids=ids)) for _ in range(3)]
    clock.advance(1)
    spans.append(tracer.start_span("s", parent=caller(ids=ids)))
    assert [True, False, False, True] == [span.is_recording() for span in spans]
    assert [True, False, False, True] == [span.context.is_debug for span in spans]
    assert 2 == _trouble.counts()["sampling.too_many_forced"]


def test_code_may_force_any_number(memory, clock):
    """What comes from this process is not limited."""
    tracer = tracer_under(memory, clock)
    local = caller(ids=True, remote=False)
    assert [True] * 5 == [tracer.start_span("s", parent=local).is_recording() for _ in range(5)]


@pytest.mark.parametrize(
    ("sampler", "sampled", "recorded"),
    [
        ("parentbased_always_off", True, True),
        ("parentbased_always_on", False, False),
        ("parentbased_always_on", True, True),
        ("always_on", False, True),
    ],
)
def test_a_caller_who_decides_without_ids_is_heeded(memory, clock, sampler, sampled, recorded):
    """B3's bare "1" and "0" are a parent's decision, though the trace begins here."""
    tracer = tracer_under(memory, clock, sampler=sampler)
    span = tracer.start_span("s", parent=caller(ids=False, debug=False, sampled=sampled))
    assert (recorded, None) == (span.is_recording(), span.parent)


@pytest.mark.parametrize(
    ("sampler", "recorded"), [("parentbased_always_on", True), ("parentbased_always_off", False)]
)
def test_a_caller_who_defers_leaves_the_decision_to_the_root_sampler(memory, clock, sampler, recorded):
    """A caller with ids and no decision is asked about as a root would be, and stays the parent."""
    tracer = tracer_under(memory, clock, sampler=sampler)
    parent = SpanContext(7, 8, TraceFlags.DEFERRED, is_remote=True)
    span = tracer.start_span("s", parent=parent)
    assert (recorded, 7) == (span.is_recording(), span.context.trace_id)
    assert 0 == span.context.trace_flags & ~0x03


def test_an_unsampled_root_of_this_process_is_no_advice(memory, clock):
    """A no-op span without ids as a parent makes an ordinary root."""
    tracer = tracer_under(memory, clock, sampler="always_on")
    assert tracer.start_span("s", parent=NonRecordingSpan(trace.INVALID)).is_recording()


def test_withdraw_takes_a_span_back(memory, clock):
    """It is not exported, nor announced as sampled; children follow; processors still see it."""
    seen = []
    tracer = tracer_under(memory, clock, sampler="parentbased_always_on", processors=[seen.append])
    with tracer.start_as_current_span("s") as span:
        span.withdraw()
        span.set_attribute("k", "v")
        child = tracer.start_span("child")
    assert ([], ["s"], False) == (memory.spans, [each.name for each in seen], child.is_recording())
    assert (False, {"k": "v"}) == (span.context.is_sampled, span.attributes)


def test_force_is_the_opposite_of_withdraw(memory, clock):
    """A span that was taken back, or only recorded, is exported after all, and its children recorded."""
    sampler = sdk.sampling.AlwaysRecord(sdk.sampling.always_off)
    tracer = tracer_under(memory, clock, sampler=sampler)
    with tracer.start_as_current_span("s") as span:
        span.withdraw()
        span.force()
        tracer.start_span("child").end()
    assert ["child", "s"] == [each.name for each in memory.spans]
    assert (True, True) == (span.context.is_sampled, span.context.is_debug)


def test_what_was_forced_can_be_withdrawn(memory, clock):
    """The last word counts."""
    tracer = tracer_under(memory, clock, sampler="always_on")
    with tracer.start_as_current_span("s") as span:
        span.force()
        span.withdraw()
    assert ([], False, False) == (memory.spans, span.context.is_sampled, span.context.is_debug)


def test_a_root_takes_the_attributes_that_its_caller_asked_for(memory, clock):
    """A propagator hands on a debug id for the root to carry; children do not carry it."""
    tracer = tracer_under(memory, clock)
    marked = EMPTY.with_span(NonRecordingSpan(caller(ids=False))).with_value(
        ROOT_ATTRIBUTES, {"jaeger-debug-id": "x"}
    )
    with tracer.start_as_current_span("root", parent=marked):
        tracer.start_span("child").end()
    assert [{}, {"jaeger-debug-id": "x"}] == [span.attributes for span in memory.spans]
