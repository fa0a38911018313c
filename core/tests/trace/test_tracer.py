"""A tracer binds late: it starts spans for whatever pipeline is in force when it is used."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from midspan import _trouble, baggage, context, sdk, testing, trace
from midspan.trace import NOOP_SPAN, InstrumentationScope, SpanContext, SpanKind
from midspan.trace._seam import binding

if TYPE_CHECKING:
    from types import FrameType


def names(memory: testing.MemoryExporter) -> list[str]:
    """Return the names of the spans that arrived."""
    return [span.name for span in memory.spans]


def test_a_tracer_that_was_made_before_configure_works_after(memory):
    """Nothing that a library did at import has to be done again."""
    tracer = trace.get_tracer("library")
    tracer.start_span("before").end()
    sdk.configure(exporters=[memory], environment={}, detectors=[])
    tracer.start_span("after").end()
    assert ["after"] == names(memory)


def test_a_tracer_follows_to_the_next_pipeline(memory):
    """After another `configure`, spans go there."""
    tracer, second = trace.get_tracer("t"), testing.MemoryExporter()
    for exporter in (memory, second):
        sdk.configure(exporters=[exporter], environment={}, detectors=[])
        tracer.start_span(f"to {exporter!r}").end()
    assert (1, 1) == (len(memory.spans), len(second.spans))


def test_an_open_span_ends_where_it_began(memory):
    """A span that outlives its pipeline is counted there, and does not turn up in the next one."""
    first = sdk.configure(exporters=[memory], environment={}, detectors=[])
    span = trace.get_tracer("t").start_span("s")
    second = testing.MemoryExporter()
    sdk.configure(exporters=[second], environment={}, detectors=[])
    span.end()
    assert ([], [], {"shutdown": 1}) == (
        memory.spans,
        second.spans,
        first.stats().exporters["memory"].dropped,
    )


def test_a_scope_says_who_made_the_span(memory):
    """Name, version, schema and attributes of `get_tracer` are the span's scope."""
    sdk.configure(exporters=[memory], environment={}, detectors=[])
    trace.get_tracer("shop", "1.2", "https://schema", {"a": 1}).start_span("s").end()
    assert InstrumentationScope("shop", "1.2", "https://schema", (("a", 1),)) == memory.spans[0].scope


def test_without_a_pipeline_nothing_is_recorded():
    """Before `configure` a span takes every verb and keeps nothing."""
    with trace.get_tracer("t").start_as_current_span("s") as span:
        span.set_attribute("k", "v")
        assert (False, trace.INVALID) == (span.is_recording(), span.context)


def test_without_a_pipeline_the_callers_identity_goes_on():
    """A process that records nothing still passes the trace through."""
    caller = SpanContext(1, 2, 1, is_remote=True)
    with trace.get_tracer("t").start_as_current_span("s", parent=caller):
        assert caller == trace.get_current_span().context


def test_two_threads_cannot_bind_a_tracer_to_half_a_pipeline():
    """A thread that is late with the engine before, in the worst of moments, leaves no mixture behind."""

    class Engine:
        """Makes one recorder."""

        def __init__(self) -> None:
            self.made = object()

        def recorder(self, scope: InstrumentationScope) -> object:
            return self.made

    tracer, before, after = trace.get_tracer("t"), Engine(), Engine()

    def late(frame: FrameType, event: str, _: object) -> Any:
        # Between the two assignments of the thread that binds to the engine in force.
        if (
            frame.f_code is trace.Tracer._bound.__code__
            and tracer._engine is None
            and hasattr(tracer, "_starter")
        ):
            binding.engine = before
            tracer._bound()
            binding.engine = after
        return late

    binding.engine = after
    watching = sys.gettrace()
    sys.settrace(late)
    try:
        tracer._bound()
    finally:
        sys.settrace(watching)
    assert (after.made, after) == (tracer._bound(), tracer._engine)


@pytest.mark.parametrize("how", ["span", "context", "whole"])
def test_a_parent_can_be_a_span_or_its_context_or_a_whole_context(tracer, how):
    """Each of them makes a child, whatever is current."""
    parent = tracer.start_span("parent")
    given = {"span": parent, "context": parent.context, "whole": context.EMPTY.with_span(parent)}[how]
    with tracer.start_as_current_span("elsewhere"):
        child = tracer.start_span("child", parent=given)
    assert (parent.context, parent.context.trace_id) == (child.parent, child.context.trace_id)


def test_no_parent_makes_a_root(tracer):
    """`parent=None` begins a new trace under whatever is current."""
    with tracer.start_as_current_span("outer") as outer:
        root = tracer.start_span("root", parent=None)
    assert (None, True) == (root.parent, root.context.trace_id != outer.context.trace_id)


def test_an_odd_parent_is_reported(tracer):
    """What is no parent is left aside: the current span is the parent, and nothing is raised."""
    with tracer.start_as_current_span("outer") as outer:
        child = tracer.start_span("child", parent="outer")
    assert (outer.context, 1) == (child.parent, _trouble.counts()["parent.invalid"])


def test_an_odd_parent_raises_in_strict_mode(memory):
    """Tests find the mistake."""
    sdk.configure(exporters=[memory], environment={}, strict=True)
    with pytest.raises(TypeError, match="a parent is a Span, a SpanContext, a Context or None, not str"):
        trace.get_tracer("t").start_span("child", parent="outer")


def test_a_whole_context_brings_its_baggage(tracer):
    """Under `parent=Context` the block runs with that context's baggage."""
    whole = baggage.set_baggage("a", "1")
    with tracer.start_as_current_span("s", parent=whole):
        assert "1" == baggage.get_baggage("a")


def test_baggage_stays_under_a_span(tracer):
    """A span that becomes current keeps the baggage that is current."""
    with baggage.attached({"a": "1"}), tracer.start_as_current_span("s"):
        assert "1" == baggage.get_baggage("a")


def test_a_block_makes_its_span_current(tracer, memory):
    """`start_as_current_span` nests; each span ends with its block."""
    seen = []
    with tracer.start_as_current_span("outer") as outer:
        seen.append(trace.get_current_span() is outer)
        with tracer.start_as_current_span("inner") as inner:
            seen.append(trace.get_current_span() is inner)
        seen.append(trace.get_current_span() is outer)
    assert ([True] * 3, ["inner", "outer"]) == (seen, names(memory))
    assert (outer.context, NOOP_SPAN) == (inner.parent, trace.get_current_span())


def test_a_block_can_leave_its_span_open(tracer, memory):
    """With `end_on_exit=False` whoever has the span ends it."""
    with tracer.start_as_current_span("s", end_on_exit=False) as span:
        pass
    assert (True, []) == (span.is_recording(), memory.spans)
    span.end()
    assert ["s"] == names(memory)


def test_a_block_takes_all_that_a_span_takes(tracer, memory):
    """Kind, attributes, links and start reach the span."""
    link = trace.Link(SpanContext(1, 2))
    with tracer.start_as_current_span(
        "s", kind=SpanKind.SERVER, attributes={"a": 1}, links=[link], start_ns=5
    ):
        pass
    span = memory.spans[0]
    assert (SpanKind.SERVER, {"a": 1}, 5) == (span.kind, span.attributes, span.start_ns)
    assert [SpanContext(1, 2)] == [each.context for each in span.links]


def test_a_block_that_has_ended_its_span_ends_it_once(tracer, memory):
    """Ending the span inside is no mistake that is worth a word."""
    with tracer.start_as_current_span("s") as span:
        span.end()
    assert (["s"], {}) == (names(memory), _trouble.counts())


def test_a_block_can_be_used_again_after_its_end(tracer, memory):
    """The same scope, entered twice in turn, makes two spans."""
    scope = tracer.start_as_current_span("s")
    for _ in range(2):
        with scope:
            pass
    assert (["s", "s"], 2) == (names(memory), len({span.context for span in memory.spans}))


def test_blocks_can_end_out_of_order(tracer, memory):
    """The context is restored, whichever block ends first."""
    outer, inner = tracer.start_as_current_span("outer"), tracer.start_as_current_span("inner")
    outer.__enter__()
    inner_span = inner.__enter__()
    outer.__exit__(None, None, None)
    assert inner_span is trace.get_current_span()
    inner.__exit__(None, None, None)
    assert (NOOP_SPAN, ["outer", "inner"]) == (trace.get_current_span(), names(memory))


def test_a_block_that_ends_in_another_thread_is_no_longer_current_here(tracer, memory):
    """The span ends, and the thread that began the block has its context back."""
    scope = tracer.start_as_current_span("s")
    scope.__enter__()
    thread = threading.Thread(target=scope.__exit__, args=(None, None, None))
    thread.start()
    thread.join()
    assert (NOOP_SPAN, ["s"]) == (trace.get_current_span(), names(memory))


def test_a_block_that_a_signal_keeps_from_being_entered_is_not_current(tracer, memory, monkeypatch):
    """What a signal's handler raises the moment that the span became current ends the span as well."""

    def interrupted(entered: Any) -> None:
        context._slot.set(entered)
        raise KeyboardInterrupt

    monkeypatch.setattr("midspan.trace._tracer._set", interrupted)
    with pytest.raises(KeyboardInterrupt), tracer.start_as_current_span("charge"):
        raise AssertionError("the block must not run")
    assert (NOOP_SPAN, ["charge"]) == (trace.get_current_span(), [span.name for span in memory.spans])


def test_a_block_that_has_ended_holds_no_earlier_context(tracer):
    """Whoever keeps a context, a task say, does not keep the whole chain of those before it."""
    scopes = []
    with tracer.start_as_current_span("outer") as outer, tracer.start_as_current_span("inner"):
        scopes.append(context.current())
    references = sys.getrefcount(outer)
    assert (context.EMPTY, None) == (scopes[0]._previous, scopes[0]._place)
    assert references <= 4
