"""OpenTracing, OpenCensus and native spans nest in every order, wherever control flows: one tree."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import threading
from contextlib import contextmanager
from typing import Any

import pytest
from opencensus.common.runtime_context import RuntimeContext
from opencensus.log import get_log_attrs
from opencensus.trace import execution_context, samplers
from opencensus.trace.propagation.trace_context_http_header_format import TraceContextPropagator
from opencensus.trace.tracer import Tracer

from midspan import context, trace
from midspan.bridges import opentracing as ot_bridge

ORDERS = list(itertools.product(("native", "opencensus", "opentracing"), repeat=3))


class _Apis:
    """The three ways to start a span that is current in a block."""

    def __init__(self) -> None:
        self.oc = Tracer(sampler=samplers.AlwaysOnSampler())
        self.ot = ot_bridge.Tracer()

    @contextmanager
    def span(self, api: str, name: str) -> Any:
        if api == "native":
            with trace.get_tracer("native").start_as_current_span(name):
                yield
        elif api == "opencensus":
            with self.oc.span(name) as span:
                assert execution_context.get_current_span() is span
                yield
                assert execution_context.get_current_span() is span
        else:
            with self.ot.start_active_span(name) as scope:
                yield
                assert self.ot.active_span is scope.span

    def check(self, name: str) -> None:
        """Every interface agrees on what is current."""
        native = trace.get_current_span()
        assert native.name == name
        ids = (f"{native.context.trace_id:032x}", f"{native.context.span_id:016x}")
        legacy = execution_context.get_current_span()
        assert (legacy.name, legacy.span_id) == (name, ids[1])
        assert legacy is execution_context.get_current_span()
        assert self.ot.active_span.native is native
        assert (*ids, True) == get_log_attrs()
        header = TraceContextPropagator().to_headers(self.oc.span_context)["traceparent"]
        assert header == f"00-{ids[0]}-{ids[1]}-01"


@pytest.fixture
def apis() -> _Apis:
    """The three ways to start a span."""
    return _Apis()


def _assert_line(spans: Any) -> None:
    """There is one trace, and each span is the child of the one before."""
    found = spans()
    assert {"0", "1", "2"} == found.keys()
    assert found["0"].parent is None
    assert found["0"].context == found["1"].parent
    assert found["1"].context == found["2"].parent


@pytest.mark.parametrize("order", ORDERS)
def test_blocks(apis, spans, order):
    """In blocks, and at each step on the way in and out the three agree."""
    with apis.span(order[0], "0"):
        apis.check("0")
        with apis.span(order[1], "1"):
            apis.check("1")
            with apis.span(order[2], "2"):
                apis.check("2")
            apis.check("1")
        apis.check("0")
    assert execution_context.get_current_span() is None
    _assert_line(spans)


@pytest.mark.parametrize("order", ORDERS)
def test_threads(apis, spans, order):
    """Across threads, carried by the native helper and by OpenCensus's."""

    def first():
        with apis.span(order[1], "1"):
            thread = threading.Thread(target=RuntimeContext.with_current_context(second))
            thread.start()
            thread.join()

    def second():
        with apis.span(order[2], "2"):
            apis.check("2")

    with apis.span(order[0], "0"):
        thread = threading.Thread(target=context.carry(first))
        thread.start()
        thread.join()
    _assert_line(spans)


@pytest.mark.parametrize("order", ORDERS)
def test_tasks(apis, spans, order):
    """Across tasks, which run beside one another."""

    async def innermost():
        with apis.span(order[2], "2"):
            await asyncio.sleep(0)
            apis.check("2")

    async def middle():
        with apis.span(order[1], "1"):
            await asyncio.gather(asyncio.create_task(innermost()), asyncio.sleep(0))
            apis.check("1")

    async def main():
        with apis.span(order[0], "0"):
            await asyncio.create_task(middle())
            apis.check("0")

    asyncio.run(main())
    _assert_line(spans)


@pytest.mark.parametrize("order", ORDERS)
def test_generators(apis, spans, order):
    """A generator that is left open while others run disturbs nobody."""

    def inner():
        with apis.span(order[2], "2"):
            yield

    with apis.span(order[0], "0"):
        with apis.span(order[1], "1"):
            for _ in inner():
                pass
            apis.check("1")
        apis.check("0")
    _assert_line(spans)


def test_view_of_a_native_span(spans):
    """OpenCensus code can add to the current native span, and reads what is there; it does not end it."""
    from opencensus.trace import link, status, time_event
    from opencensus.trace.span import Span, SpanKind

    with trace.get_tracer("t").start_as_current_span("native") as native:
        native.set_attribute("n", 1)
        view = execution_context.get_current_span()
        assert isinstance(view, Span)
        view.add_attribute("legacy", 2)
        view.attributes["direct"] = 3
        view.add_annotation("note", k=1)
        view.add_message_event(time_event.MessageEvent(_NOON, "1", type=1))
        view.add_link(link.Link("1" * 32, "2" * 16))
        view.set_status(status.Status(3, "bad"))
        view.span_kind = SpanKind.CLIENT
        assert {"n": 1, "legacy": 2, "direct": 3} == dict(view.attributes)
        assert ["note"] == [each.description for each in view.annotations]
        assert ["1"] == [each.id for each in view.message_events]
        assert ["2" * 16] == [each.span_id for each in view.links]
        assert ("bad", SpanKind.CLIENT, None) == (view.status.message, view.span_kind, view.end_time)
        view.name = "renamed"
        view.start()
        view.finish()
        with view:
            pass
        assert native.is_recording()
    found = spans()["renamed"]
    assert (["note", "message"], trace.SpanKind.CLIENT) == (
        [event.name for event in found.events],
        found.kind,
    )
    assert view.end_time >= view.start_time


_NOON = dt.datetime(2020, 1, 31, 12)  # noqa: DTZ001 - OpenCensus's are naive


def test_child_of_a_view(spans):
    """A child that OpenCensus code hangs below a native span ends when it is finished."""
    with trace.get_tracer("t").start_as_current_span("native"):
        view = execution_context.get_current_span()
        with view.span("child") as child:
            child.add_attribute("k", 1)
        assert [child] == view.children
        assert ["child"] == list(spans())
    assert spans()["child"].parent == spans()["native"].context


def test_end_span_spares_native_spans(spans):
    """`end_span` inside a native span ends OpenCensus's own around it, never the native one."""
    tracer = Tracer(sampler=samplers.AlwaysOnSampler())
    tracer.start_span("legacy")
    with trace.get_tracer("t").start_as_current_span("native") as native:
        tracer.end_span()
        assert ["legacy"] == list(spans())
        assert native.is_recording()
    assert trace.get_current_span() is trace.NOOP_SPAN
    assert spans()["native"].parent == spans()["legacy"].context


def test_the_view_is_always_the_same(apis):
    """The same object stands for the same span, whoever made it current and however often."""
    native = trace.get_tracer("t").start_span("native")
    with trace.use_span(native):
        first = execution_context.get_current_span()
    with trace.use_span(native):
        assert execution_context.get_current_span() is first
    with apis.oc.span("legacy") as span, context.attached(context.current()):
        assert execution_context.get_current_span() is span
        with apis.ot.scope_manager.activate(apis.ot.active_span, finish_on_close=False):
            assert execution_context.get_current_span() is span
        assert apis.oc.current_span() is span


def test_parents_are_views(apis):
    """The parent of an OpenCensus span is the view of the native span above it."""
    with trace.get_tracer("t").start_as_current_span("native"), apis.oc.span("legacy") as span:
        view = span.parent_span
        assert ("native", None) == (view.name, view.parent_span.span_id)


def test_unsampled_in_between(apis, unsampled, memory):
    """What OpenCensus's sampler did not want cuts off what is below, in every interface."""
    with (
        apis.span("opentracing", "0"),
        unsampled.span("1"),
        apis.span("native", "2"),
        apis.span("opentracing", "3"),
    ):
        pass
    assert ["0"] == [span.name for span in memory.spans]
