"""Spans that OpenCensus code started in a block and did not end are over when the block is."""

from __future__ import annotations

import contextlib
import logging
import threading

import pytest
from opencensus.trace import execution_context
from opencensus.trace.tracer import Tracer

from midspan import context, trace
from midspan.bridges import opentracing as ot_bridge

native_tracer = trace.get_tracer("native")


@contextlib.contextmanager
def _native_use():
    span = native_tracer.start_span("block")
    with trace.use_span(span, end_on_exit=True):
        yield


BLOCKS = {
    "native": lambda _: native_tracer.start_as_current_span("block"),
    "use_span": lambda _: _native_use(),
    "opencensus": lambda tracer: tracer.span("block"),
    "opentracing": lambda _: ot_bridge.Tracer().start_active_span("block"),
}


@pytest.mark.parametrize("block", BLOCKS)
def test_in_every_block(tracer, spans, kept, block):
    """Be the block OpenCensus's, OpenTracing's or native: both spans end, and reach the legacy exporter."""
    with BLOCKS[block](tracer):
        tracer.start_span("outer").add_attribute("k", 1)
        tracer.start_span("inner")
    assert trace.get_current_span() is trace.NOOP_SPAN
    found = spans()
    assert [found["block"].context, found["outer"].context] == [found["outer"].parent, found["inner"].parent]
    assert {"k": 1} == found["outer"].attributes
    assert {"outer", "inner"} <= {data.name for data in kept.spans}


@pytest.mark.parametrize("block", BLOCKS)
def test_unsampled(tracer, unsampled, spans, block):
    """A span that OpenCensus's sampler did not want keeps nothing from being sampled after the block."""
    with BLOCKS[block](tracer):
        unsampled.start_span("left open")
    with native_tracer.start_as_current_span("after"):
        pass
    assert {"block", "after"} == spans().keys()


def test_when_the_block_fails(tracer, spans):
    """The block's own exception passes."""
    with pytest.raises(ZeroDivisionError), tracer.span("block"):
        tracer.start_span("statement").add_attribute("k", 1 / 0)
    assert {"block", "statement"} == spans().keys()


def test_a_block_inside_is_left_alone(tracer, memory):
    """A block that is still open, in a generator say, is not ended by another, nor is what is inside it."""

    def rows():
        with tracer.span("rows"):
            tracer.start_span("fetch")
            yield

    with tracer.span("request"):
        generator = rows()
        next(generator)
    assert ["request"] == [span.name for span in memory.spans]
    generator.close()
    assert {"request", "rows", "fetch"} == {span.name for span in memory.spans}


def test_a_span_that_was_assigned_is_left_alone(tracer, memory):
    """OpenCensus's slot may hold a span that another thread has open."""
    elsewhere = tracer.start_span("elsewhere")

    def work():
        with native_tracer.start_as_current_span("block"):
            execution_context.set_current_span(elsewhere)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ["block"] == [span.name for span in memory.spans]
    tracer.end_span()
    assert ["block", "elsewhere"] == [span.name for span in memory.spans]


def test_who_ends_it_late_ends_nobody_elses(tracer, memory, caplog):
    """A callback in another thread, such as gRPC's, comes after the block: nothing else ends by it."""
    tracer.start_span("request")
    with tracer.span("block"):
        tracer.start_span("call")
    thread = threading.Thread(target=tracer.end_span)
    thread.start()
    thread.join()
    assert ["block", "call"] == [span.name for span in memory.spans]
    tracer.end_span()
    assert ["block", "call", "request"] == [span.name for span in memory.spans]
    assert [] == [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_the_list_of_late_ends_is_bounded(kept, memory):
    """A tracer that lives as long as the process does not collect all statements that ever failed."""
    from opencensus.trace.samplers import AlwaysOnSampler

    tracer = Tracer(sampler=AlwaysOnSampler(), exporter=kept)
    tracer.start_span("open")
    for _ in range(100):
        with native_tracer.start_as_current_span("block"):
            tracer.start_span("statement")
    assert 33 == len(tracer.tracer._spans_list)
    tracer.finish()
    assert ["open"] == [span.name for span in memory.spans][200:]
    assert [] == tracer.tracer._spans_list


def test_attached_contexts_are_blocks(tracer, spans):
    """So are a context that is attached for a while, and a function that carries one into a thread."""
    with context.attached(context.EMPTY):
        tracer.start_span("left open")
    assert (trace.NOOP_SPAN, None) == (trace.get_current_span(), spans()["left open"].parent)
