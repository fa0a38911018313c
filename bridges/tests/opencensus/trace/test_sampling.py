"""OpenCensus's sampler has the word: its decision is the native one, both ways."""

from __future__ import annotations

import contextvars

import pytest
from opencensus.trace import execution_context, samplers
from opencensus.trace.span_context import SpanContext
from opencensus.trace.trace_options import TraceOptions
from opencensus.trace.tracer import Tracer

from midspan import propagation, sdk, testing, trace

native_tracer = trace.get_tracer("native")


def test_always_on(tracer, spans):
    """What the sampler wants is recorded and announced as sampled."""
    with tracer.span("a"):
        assert trace.get_current_span().context.is_sampled
    assert ["a"] == list(spans())


def test_always_off(unsampled, spans):
    """What the sampler does not want is not recorded, nor what native code starts inside."""
    with unsampled.span("a"):
        assert not trace.get_current_span().context.is_sampled
        with native_tracer.start_as_current_span("inside"):
            pass
    with native_tracer.start_as_current_span("after"):
        pass
    assert ["after"] == list(spans())


def test_always_off_started_by_hand(unsampled, spans):
    """The same where spans are started and ended by hand."""
    unsampled.start_span("a")
    unsampled.start_span("b")
    unsampled.end_span()
    with native_tracer.start_as_current_span("inside"):
        unsampled.end_span()
    unsampled.end_span()
    with native_tracer.start_as_current_span("after"):
        pass
    assert ["after"] == list(spans())


def test_unsampled_goes_out_as_unsampled(unsampled):
    """Headers of an unsampled span say so, with ids that a callee can use."""
    carrier = {}
    with unsampled.span("a") as span:
        header = unsampled.propagator.to_headers(unsampled.span_context)["traceparent"]
        propagation.inject(carrier)
    trace_id = unsampled.span_context.trace_id
    assert (f"00-{trace_id}-{span.span_id}-00", header) == (header, carrier["traceparent"])


def test_unsampled_despite_the_header():
    """AlwaysOff is off for a sampled caller too, and tells its callees so."""
    caller = SpanContext(trace_id="a" * 32, span_id="b" * 16, trace_options=TraceOptions("1"))
    tracer = Tracer(span_context=caller, sampler=samplers.AlwaysOffSampler())
    with tracer.span("a"):
        header = tracer.propagator.to_headers(tracer.span_context)["traceparent"]
    assert ("a" * 32, "00") == (header[3:35], header[-2:])


@pytest.mark.parametrize(("trace_id", "expected"), [("0" * 31 + "1", ["a"]), ("f" * 32, [])])
def test_probability(spans, trace_id, expected):
    """The probability sampler decides by the trace id."""
    tracer = Tracer(SpanContext(trace_id=trace_id), sampler=samplers.ProbabilitySampler(0.5))
    with tracer.span("a"):
        pass
    assert expected == list(spans())


def test_it_outweighs_the_pipelines_sampler(memory):
    """The pipeline's sampler is not asked about what OpenCensus's has decided; a child follows its parent."""
    sdk.configure(exporters=[memory], sampler="parentbased_always_off", strict=True, environment={})
    tracer = Tracer(sampler=samplers.AlwaysOnSampler())
    with tracer.span("legacy"), native_tracer.start_as_current_span("inside"):
        pass
    with native_tracer.start_as_current_span("alone"):
        pass
    assert ["inside", "legacy"] == [span.name for span in memory.spans]
    assert not memory.spans[1].context.is_debug
    assert memory.spans[1].parent is None
    assert memory.spans[0].parent == memory.spans[1].context


def test_it_outweighs_a_sampler_that_records_only(memory):
    """A sampler that would record without exporting is outweighed as well."""
    sampler = sdk.sampling.AlwaysRecord(sdk.sampling.always_off)
    sdk.configure(exporters=[memory], sampler=sampler, strict=True, environment={})
    with Tracer(sampler=samplers.AlwaysOnSampler()).span("legacy"):
        pass
    assert ["legacy"] == [span.name for span in memory.spans]


def test_the_sampler_sees_what_is_current():
    """A sampler is asked about the trace that is current, and its flag; so the default one follows it."""
    asked = []

    class Asked(samplers.Sampler):
        def should_sample(self, span_context):
            asked.append((span_context.trace_id, span_context.trace_options.get_enabled()))
            return True

    with native_tracer.start_as_current_span("native") as native:
        Tracer(sampler=Asked())
        with Tracer().span("by default") as span:
            pass
    assert [(f"{native.context.trace_id:032x}", True)] == asked
    assert span.parent_span.name == "native"


def test_no_tracer_is_no_decision(spans):
    """Integrations that find no tracer leave native spans inside as they are."""

    def integration():
        nobody = execution_context.get_opencensus_tracer()
        with nobody.span("a"), native_tracer.start_as_current_span("native"):
            pass

    # Whatever tracer other tests have left here is not there.
    contextvars.Context().run(integration)
    assert ["native"] == list(spans())


def test_suppression(tracer, memory):
    """Where tracing is suppressed, OpenCensus code makes no spans either."""
    with trace.suppressed(), tracer.span("a") as span:
        assert len(span.span_id) == 16
        with native_tracer.start_as_current_span("b"):
            pass
    assert [] == memory.spans


def test_suppression_of_what_is_unsampled(unsampled, memory):
    """The same for what is not sampled."""
    with trace.suppressed(), unsampled.span("a"):
        assert trace.is_suppressed()
    assert [] == memory.spans


def test_without_a_pipeline(kept):
    """Where no pipeline is configured, OpenCensus goes on alone, and native code carries its identity on."""
    sdk.reset()
    carrier = {}
    tracer = Tracer(sampler=samplers.AlwaysOnSampler(), exporter=kept)
    with tracer.span("a") as span:
        propagation.inject(carrier)
        with tracer.span("b"):
            pass
    assert f"00-{tracer.span_context.trace_id}-{span.span_id}-01" == carrier["traceparent"]
    assert [("b", span.span_id), ("a", None)] == [(data.name, data.parent_span_id) for data in kept.spans]
    assert all(data.start_time <= data.end_time for data in kept.spans)


def test_configured_later(kept, memory):
    """A tracer made before `configure` records after it."""
    sdk.reset()
    tracer = Tracer(sampler=samplers.AlwaysOnSampler(), exporter=kept)
    later = testing.MemoryExporter()
    sdk.configure(exporters=[later], strict=True, environment={})
    with tracer.span("a"):
        pass
    assert (["a"], []) == ([span.name for span in later.spans], memory.spans)


def test_a_span_left_open_does_not_decide_for_the_next_caller(tracer, spans):
    """What a caller did not sample is not sampled for the sake of another request's span, still current."""
    tracer.start_span("failed request")
    caller = SpanContext("0" * 15 + "1" * 17, "2" * 16, TraceOptions("0"), from_header=True)
    following = Tracer(caller, samplers.ProbabilitySampler(rate=0))
    with following.span("next request"):
        told = following.propagator.to_headers(following.span_context)["traceparent"].split("-")
    assert ({}, "0" * 15 + "1" * 17, "00") == (spans(), told[1], told[3])
