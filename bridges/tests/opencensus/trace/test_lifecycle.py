"""Install, uninstall, install again: nothing stays behind, and no live tracer breaks."""

from __future__ import annotations

import subprocess
import sys

import pytest
from opencensus.trace import blank_span, execution_context, print_exporter, samplers
from opencensus.trace import span as oc_span
from opencensus.trace.propagation import text_format
from opencensus.trace.trace_options import TraceOptions
from opencensus.trace.tracer import Tracer
from opencensus.trace.tracers import context_tracer, noop_tracer

from midspan import trace
from midspan.bridges import opencensus as bridge

CLASSES = (
    Tracer,
    TraceOptions,
    blank_span.BlankSpan,
    context_tracer.ContextTracer,
    noop_tracer.NoopTracer,
    oc_span.Span,
    print_exporter.PrintExporter,
    text_format.TextFormatPropagator,
)


def _patches():
    methods = {owner: dict(owner.__dict__) for owner in CLASSES}
    return methods, type(execution_context._current_span_slot), dict(vars(execution_context))


def _record(kept):
    with Tracer(sampler=samplers.AlwaysOnSampler(), exporter=kept).span("a"):
        pass


def test_uninstall_leaves_no_patch():
    """After `uninstall` every class of OpenCensus's is as it was, whatever was called how often."""
    bridge.uninstall()
    before = _patches()
    bridge.install()
    bridge.install("replace")
    assert before != _patches()
    bridge.uninstall()
    bridge.uninstall()
    assert before == _patches()


def test_installed_again(kept, memory):
    """What was taken out can be put in again."""
    bridge.uninstall()
    _record(kept)
    assert (0, 1) == (len(memory.spans), len(kept.spans))
    bridge.install()
    _record(kept)
    assert (1, 2) == (len(memory.spans), len(kept.spans))


def test_a_live_tracer_goes_on(tracer, kept, memory):
    """A tracer that was made over the bridge works without it, and over it again."""
    for install in (bridge.uninstall, bridge.install):
        install()
        with tracer.span("a") as a, tracer.span("b") as b:
            assert (b.parent_span, tracer.span_context.span_id) == (a, b.span_id)
    assert ["b", "a", "b", "a"] == [data.name for data in kept.spans]
    assert len({data.context.trace_id for data in kept.spans}) == 1
    assert len(memory.spans) == 2


def test_an_unsampled_tracer_goes_on(unsampled, memory):
    """The same for one whose sampler said no."""
    for install in (bridge.uninstall, bridge.install):
        install()
        with unsampled.span("a"):
            pass
    assert [] == memory.spans


def test_a_tracer_from_before(kept, spans):
    """A tracer that was made before the bridge was installed feeds it, in its own trace."""
    bridge.uninstall()
    tracer = Tracer(sampler=samplers.AlwaysOnSampler(), exporter=kept)
    bridge.install()
    with tracer.span("a"), trace.get_tracer("t").start_as_current_span("b"):
        pass
    assert spans()["b"].parent == spans()["a"].context
    assert spans()["a"].context.trace_id == int(tracer.span_context.trace_id, 16)


def test_an_unsampled_tracer_from_before(spans):
    """One whose sampler said no keeps native spans inside from being sampled."""
    bridge.uninstall()
    tracer = Tracer(sampler=samplers.AlwaysOffSampler())
    bridge.install()
    with tracer.span("a"), trace.get_tracer("t").start_as_current_span("b"):
        pass
    assert {} == spans()


def test_a_span_that_was_open_at_install(kept, spans):
    """A span from before is the parent of what follows, and ends as OpenCensus's own."""
    bridge.uninstall()
    tracer = Tracer(sampler=samplers.AlwaysOnSampler(), exporter=kept)
    with tracer.span("before") as before:
        bridge.install()
        with tracer.span("after") as after:
            assert after.parent_span is before
    assert spans()["after"].parent.span_id == int(before.span_id, 16)
    assert ["after", "before"] == [data.name for data in kept.spans]
    assert execution_context.get_current_span() is None


def test_a_span_that_was_open_at_uninstall(tracer, kept, memory):
    """A span that is open when the bridge goes still ends, on both sides, and is current nowhere."""
    with tracer.span("outer"), tracer.span("inner"):
        bridge.uninstall()
    assert (["inner", "outer"], ["inner", "outer"]) == (
        [data.name for data in kept.spans],
        [span.name for span in memory.spans],
    )
    assert execution_context.get_current_span() is None
    assert trace.get_current_span() is trace.NOOP_SPAN


def test_the_span_class_stays():
    """OpenCensus's span class is never replaced: what was imported from it stays what it is."""
    assert oc_span.Span is sys.modules["opencensus.trace.span"].Span
    assert not issubclass(oc_span.Span, trace.Span)


@pytest.mark.parametrize("first", ["opencensus", "opentracing"])
def test_beside_the_other_bridge(first, spans):
    """Both bridges can be installed, in either order, and taken out in either order."""
    code = f"""
import midspan.bridges.{first} as first
import midspan.bridges.{"opentracing" if first == "opencensus" else "opencensus"} as second
first.install(); second.install(); first.uninstall(); second.uninstall()
first.install(); second.install(); second.uninstall(); first.uninstall()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_importing_patches_nothing():
    """Importing the bridge changes nothing, and pulls in nothing of the SDK."""
    code = """
import sys
from opencensus.trace.tracers.context_tracer import ContextTracer
before = dict(ContextTracer.__dict__)
import midspan.bridges.opencensus
assert before == dict(ContextTracer.__dict__)
assert not [name for name in sys.modules if name.startswith("midspan.sdk")]
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
