"""Each way in which OpenTelemetry's OpenCensus shim was seen to fail, as what the bridge does instead."""

from __future__ import annotations

import datetime as dt
import threading
import time

import pytest
from opencensus.common.runtime_context import RuntimeContext
from opencensus.trace import execution_context, link, samplers, status, time_event
from opencensus.trace import span as oc_span
from opencensus.trace.propagation.trace_context_http_header_format import TraceContextPropagator

from midspan import trace
from midspan.bridges import opencensus as bridge

native_tracer = trace.get_tracer("native")


def test_renames_kind_links_and_status_arrive(tracer, spans):
    """What is assigned to a span after its start is in the native one."""
    with tracer.span("a") as span:
        span.name = "b"
        span.span_kind = oc_span.SpanKind.CLIENT
        span.add_link(link.Link("1" * 32, "2" * 16))
        span.status = status.Status(7, "no")
    native = spans()["b"]
    assert (trace.SpanKind.CLIENT, 1, "no") == (native.kind, len(native.links), native.status.description)


def test_attributes_are_written_directly_and_read_back(tracer, spans):
    """The attributes of a span are a mapping that can be read."""
    with tracer.span("a") as span:
        span.attributes["k"] = "v"
        assert (span.attributes["k"], span.status.code, span.span_kind) == ("v", 0, 0)
    assert {"k": "v"} == spans()["a"].attributes


def test_the_outgoing_header_is_the_spans(tracer, spans):
    """The header names the span's trace, its id and whether it is sampled."""
    with tracer.span("a"):
        header = TraceContextPropagator().to_headers(tracer.span_context)["traceparent"]
    context = spans()["a"].context
    assert f"00-{context.trace_id:032x}-{context.span_id:016x}-01" == header


def test_always_off_is_not_sampled(unsampled, memory):
    """Under AlwaysOff nothing is recorded, and the header says so."""
    with unsampled.span("a"):
        header = TraceContextPropagator().to_headers(unsampled.span_context)["traceparent"]
    assert ([], "-00") == (memory.spans, header[-3:])


def test_samplers_are_asked(spans):
    """A sampler of the application's own has the word."""
    from opencensus.trace.tracer import Tracer

    class Never(samplers.Sampler):
        def should_sample(self, span_context):
            return False

    with Tracer(sampler=Never()).span("a"):
        pass
    assert {} == spans()


def test_exporters_are_fed(tracer, kept):
    """The exporter that a tracer was given gets its spans."""
    with tracer.span("a"):
        pass
    assert ["a"] == [data.name for data in kept.spans]


def test_two_spans_of_one_tracer_are_one_trace(tracer, memory):
    """A tracer stands for one trace."""
    for name in ("a", "b"):
        with tracer.span(name):
            pass
    assert len({span.context.trace_id for span in memory.spans}) == 1


def test_message_event_times_do_not_depend_on_the_zone(tracer, spans, monkeypatch):
    """A machine outside UTC shifts no time."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        moment = dt.datetime.fromtimestamp(1_580_472_000, tz=dt.timezone.utc).replace(tzinfo=None)
        with tracer.span("a") as span:
            span.add_message_event(time_event.MessageEvent(moment, "1"))
            span.start_time = "2020-01-31T12:00:00.000000Z"
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    native = spans()["a"]
    assert {1_580_472_000_000_000_000} == {native.events[0].timestamp_ns, native.start_ns}


def test_finish_ends_spans(tracer, memory):
    """`Tracer.finish` ends what is open."""
    tracer.start_span("a")
    tracer.finish()
    assert ["a"] == [span.name for span in memory.spans]


def test_trace_decorator_does_not_leak(tracer):
    """A decorated function that raises leaves nothing current."""
    with pytest.raises(ZeroDivisionError):
        tracer.trace_decorator()(lambda: 1 / 0)()
    assert execution_context.get_current_span() is None


def test_current_span_under_a_native_span(tracer):
    """OpenCensus code finds the native span that is current."""
    with native_tracer.start_as_current_span("native"):
        assert (tracer.current_span().name, execution_context.get_current_span().name) == ("native",) * 2


def test_threads_are_no_orphans(tracer, spans):
    """Spans in threads have their parent, carried or by the tracer."""

    def work(name):
        with tracer.span(name):
            pass

    with tracer.span("a"):
        for thread in (
            threading.Thread(target=RuntimeContext.with_current_context(work), args=("carried",)),
            threading.Thread(target=work, args=("bare",)),
        ):
            thread.start()
            thread.join()
    assert {spans()["a"].context} == {spans()["carried"].parent, spans()["bare"].parent}


def test_uninstall_breaks_no_live_tracer(tracer, kept):
    """A tracer goes on when the bridge is taken out."""
    bridge.uninstall()
    with tracer.span("a") as span:
        span.add_attribute("k", 1)
    assert [{"k": 1}] == [dict(data.attributes) for data in kept.spans]
