"""The table of differences in docs/opencensus.md, row by row."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from opencensus.trace import base_exporter, samplers
from opencensus.trace import status as oc_status
from opencensus.trace.propagation.text_format import TextFormatPropagator
from opencensus.trace.propagation.trace_context_http_header_format import TraceContextPropagator
from opencensus.trace.span_context import SpanContext
from opencensus.trace.trace_options import TraceOptions
from opencensus.trace.tracer import Tracer

from midspan import sdk, trace
from midspan.bridges import opencensus as bridge

PAGE = Path(__file__).parents[4] / "docs" / "opencensus.md"
native_tracer = trace.get_tracer("native")


def test_the_table_is_this_module():
    """Each row of the page has a test of its name here, and the reverse."""
    table = PAGE.read_text().partition("## What differs")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| ")][1:]
    named = {"test_" + "_".join(re.findall(r"[a-z0-9]+", row.replace("'s", "s").lower())) for row in rows}
    here = {name for name in globals() if name.startswith("test_")}
    assert here - {"test_the_table_is_this_module"} == named


def test_exiting_a_spans_block_ends_that_span(tracer, memory):
    """The span whose block is left ends, though another is current."""
    outer, inner = tracer.span("outer"), tracer.span("inner")
    outer.__exit__(None, None, None)
    assert (["outer"], inner) == ([span.name for span in memory.spans], tracer.current_span())


def test_a_span_left_open_inside_a_block_ends_with_it(tracer, memory):
    """What an integration started and did not end, because the statement failed, is not current for good."""
    with tracer.span("request"):
        tracer.start_span("failed statement")
    request, left_open = memory.spans
    assert (None, request.context) == (tracer.current_span(), left_open.parent)
    assert ("failed statement", request.end_ns) == (left_open.name, left_open.end_ns)


def test_end_span_spares_native_spans(tracer, memory):
    """A native span that is current is not ended by OpenCensus's verb."""
    tracer.start_span("legacy")
    with native_tracer.start_as_current_span("native"):
        tracer.end_span()
        assert ["legacy"] == [span.name for span in memory.spans]


def test_a_decorated_function_that_raises_ends_its_span(tracer, memory):
    """Nothing is left open or current by a decorated function that raises."""
    with pytest.raises(ZeroDivisionError):
        tracer.trace_decorator()(lambda: 1 / 0)()
    assert (1, None) == (len(memory.spans), tracer.current_span())


def test_a_decorated_function_keeps_its_name(tracer):
    """A decorated function is called what it was called."""

    @tracer.trace_decorator()
    def charge():
        """Charge."""

    assert charge.__name__ == "charge"


def test_a_span_under_another_trace_joins_it(tracer, spans):
    """A tracer with a trace of its own continues the trace that is current."""
    with native_tracer.start_as_current_span("native"), tracer.span("legacy"):
        pass
    assert spans()["native"].context.trace_id == spans()["legacy"].context.trace_id


@pytest.mark.parametrize("parent", ["2" * 16, None], ids=["of a caller", "of its own"])
def test_a_span_that_another_request_left_open_is_no_parent(tracer, spans, kept, parent):
    """What one request left open, and current, has no part in the trace of the thread's next request."""
    left_open = tracer.start_span("failed request")
    told = SpanContext("1" * 32, parent, TraceOptions("1"), from_header=parent is not None)
    following = Tracer(told, samplers.AlwaysOnSampler(), kept)
    with following.span("next request"), following.span("work"):
        pass
    with following.span("more of it"):
        pass
    following_spans = spans().values()
    assert {"1" * 32} == {f"{span.context.trace_id:032x}" for span in following_spans}
    roots = {span.parent and f"{span.parent.span_id:016x}" for span in following_spans if span.name != "work"}
    assert ({parent}, left_open) == (roots, tracer.current_span())


def test_roots_in_threads_do_not_adopt_each_other(tracer, spans):
    """Two threads that each start a root at the same time get two roots."""
    barrier = threading.Barrier(2)

    def work(name):
        with tracer.span(name):
            barrier.wait(5)

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {None} == {span.parent for span in spans().values()}


def test_the_context_of_an_unsampled_span_has_an_id(unsampled):
    """A header of an unsampled span can be read."""
    with unsampled.span("a"):
        header = unsampled.propagator.to_headers(unsampled.span_context)["traceparent"]
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-00", header)


def test_alwaysoffsampler_tells_callees_so():
    """A caller's flag is not handed on by who does not sample."""
    caller = SpanContext("a" * 32, "b" * 16, TraceOptions("1"))
    tracer = Tracer(caller, samplers.AlwaysOffSampler())
    with tracer.span("a"):
        assert not tracer.span_context.trace_options.get_enabled()


def test_span_context_is_a_snapshot_while_a_span_is_current(tracer):
    """A context that was read does not change any more."""
    with tracer.span("a") as a:
        read = tracer.span_context
        with tracer.span("b"):
            assert read.span_id == a.span_id


def test_an_exporter_that_fails_does_not_break_the_application(memory):
    """What a legacy exporter raises does not reach the application."""

    class Failing(base_exporter.Exporter):
        def export(self, span_datas):
            raise OSError

    sdk.configure(exporters=[memory], strict=False, environment={})
    with Tracer(sampler=samplers.AlwaysOnSampler(), exporter=Failing()).span("a"):
        pass
    assert ["a"] == [span.name for span in memory.spans]


def test_flags_of_a_traceparent_may_have_letters():
    """Hexadecimal flags are read."""
    header = f"00-{'a' * 32}-{'b' * 16}-0b"
    caller = TraceContextPropagator().from_headers({"traceparent": header})
    assert caller.trace_options.get_enabled()


def test_option_0_of_the_text_format_is_not_sampled():
    """The text `0` is no."""
    caller = TextFormatPropagator().from_carrier({"opencensus-trace-traceoptions": "0"})
    assert not caller.trace_options.get_enabled()


def test_set_enabled_keeps_the_other_options():
    """Of the eight options one is switched."""
    options = TraceOptions("255")
    options.set_enabled(False)
    assert options.trace_options_byte == "254"


def test_ok_is_unset_through_the_patch_free_exporter(memory):
    """An OK that was set is passed on by the bridge, and by its exporter not."""
    for exporter in (None, bridge.Exporter()):
        if exporter is not None:
            bridge.uninstall()
        with Tracer(sampler=samplers.AlwaysOnSampler(), exporter=exporter).span("a") as span:
            span.set_status(oc_status.Status(0))
    assert [trace.StatusCode.OK, trace.StatusCode.UNSET] == [span.status.code for span in memory.spans]
