"""Where tags are current that are baggage: spans, threads, tasks, greenlets, and OpenTracing beside them."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import opentracing
import pytest
from opencensus.common.runtime_context import RuntimeContext
from opencensus.tags import Tag, TagContext, TagMap
from opencensus.trace import execution_context

from midspan import baggage, context, propagation, trace
from midspan.bridges import opentracing as opentracing_bridge

native_tracer = trace.get_tracer("native")


def _set(**tags):
    tag_map = TagMap([Tag(name, value) for name, value in tags.items()])
    TagContext.set(tag_map)
    return tag_map


def _now():
    return dict(baggage.get_all())


def test_tags_outlive_the_span_of_opencensus(tracer):
    """Tags set inside OpenCensus's spans are current after them, as they are without the bridge."""
    with tracer.span("a"):
        with tracer.span("b"):
            tags = _set(tenant="acme")
        assert {"tenant": "acme"} == _now()
    assert tags is TagContext.get()
    assert {"tenant": "acme"} == _now()
    assert trace.get_current_span() is trace.NOOP_SPAN


def test_tags_end_with_the_native_block():
    """Tags set inside a native block end with it, as its baggage does."""
    with native_tracer.start_as_current_span("a"):
        _set(tenant="acme")
        assert {"tenant": "acme"} == _now()
    assert ({}, None) == (_now(), TagContext.get())
    assert trace.get_current_span() is trace.NOOP_SPAN


def test_tags_end_with_the_native_block_around_opencensus(tracer):
    """Also those set in a span of OpenCensus's in the block: one request's tags are not another's."""
    with context.attached(propagation.extract({"baggage": "user=7"})):
        with tracer.span("a"):
            _set(tenant="acme")
        assert {"tenant": "acme"} == _now()
    assert {} == _now()


def test_spans_nest_as_ever(tracer, memory):
    """Setting tags between spans of all kinds changes nothing of their tree."""
    with tracer.span("a") as a:
        _set(n="1")
        assert execution_context.get_current_span() is a
        with native_tracer.start_as_current_span("b"):
            _set(n="2")
            with tracer.span("c") as c:
                _set(n="3")
                assert tracer.current_span() is c
            assert {"n": "3"} == _now()
        assert tracer.current_span() is a
        assert {"n": "1"} == _now()
    names = {span.context.span_id: span.name for span in memory.spans}
    assert [("c", "b"), ("b", "a"), ("a", None)] == [
        (span.name, span.parent and names[span.parent.span_id]) for span in memory.spans
    ]


def test_ended_by_hand(tracer):
    """`end_span` finds the span that is current, under tags that were set since."""
    tracer.start_span("a")
    _set(n="1")
    tracer.start_span("b")
    _set(n="2")
    tracer.end_span()
    assert "a" == tracer.current_span().name
    tracer.end_span()
    assert tracer.current_span() is None
    assert {"n": "2"} == _now()


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_is_left_open_ends_with_its_block(tracer, memory, when):
    """Tags that are set beside a statement that nobody ends do not keep it from ending."""
    with tracer.span("block"):
        if when == "before":
            _set(n="1")
        tracer.start_span("statement")
        if when == "after":
            _set(n="1")
    assert {"statement", "block"} == {span.name for span in memory.spans}
    assert ({"n": "1"}, None) == (_now(), tracer.current_span())


def test_setting_a_span_keeps_tags(tracer):
    """The current span and the current tags are two slots of OpenCensus's: setting one leaves the other."""
    with tracer.span("a") as a:
        pass
    _set(tenant="acme")
    for value in (a, None, object(), None):
        execution_context.set_current_span(value)
        assert execution_context.get_current_span() is value
        assert {"tenant": "acme"} == _now()
    execution_context.clean()
    assert {"tenant": "acme"} == _now()


def test_set_over_and_over():
    """Setting the tags and the span many times piles nothing up."""
    for number in range(100):
        _set(n=str(number))
        execution_context.set_current_span(object())
    current = context.current()
    depth = 0
    while current is not None and depth < 10:
        current, depth = getattr(current, "under", None) or getattr(current, "previous", None), depth + 1
    assert depth <= 3


def test_a_thread_begins_with_nothing():
    """As in OpenCensus."""
    _set(tenant="acme")
    seen = []
    thread = threading.Thread(target=lambda: seen.append((TagContext.get(), _now())))
    thread.start()
    thread.join()
    assert [(None, {})] == seen


def test_carried_to_a_thread():
    """`context.carry` takes tags along, as baggage; what is set there stays there."""
    tags = _set(tenant="acme")

    def work():
        assert tags is TagContext.get()
        _set(tier="gold")
        return _now()

    with ThreadPoolExecutor(1) as pool:
        assert {"tier": "gold"} == pool.submit(context.carry(work)).result()
        assert {} == pool.submit(_now).result()
    assert {"tenant": "acme"} == _now()


@pytest.mark.parametrize("slots", [("tag_context", "current_span"), ("current_span", "tag_context")])
def test_with_current_context(tracer, monkeypatch, slots):
    """OpenCensus's own way takes tags and span along, in whichever order it knows of its slots."""
    known = RuntimeContext._slots
    monkeypatch.setattr(type(RuntimeContext), "_slots", {**{name: known[name] for name in slots}, **known})

    def work():
        return TagContext.get(), _now(), execution_context.get_current_span()

    with tracer.span("a") as a:
        tags = _set(tenant="acme")
        carried = RuntimeContext.with_current_context(work)
    with ThreadPoolExecutor(1) as pool:
        assert (tags, {"tenant": "acme"}, a) == pool.submit(carried).result()
        assert (None, {}, None) == pool.submit(work).result()
    TagContext.clear()
    assert (tags, {"tenant": "acme"}, a) == carried()
    assert (None, {}, None) == work()


def test_tasks():
    """A task begins with the tags of whoever started it; what it sets is its own."""

    async def request(number):
        before = _now()
        _set(user=str(number))
        await asyncio.sleep(0)
        return before, _now(), TagContext.get().map["user"]

    async def main():
        _set(tenant="acme")
        found = await asyncio.gather(*(request(number) for number in range(5)))
        return found, _now()

    found, after = asyncio.run(main())
    assert [({"tenant": "acme"}, {"user": str(n)}, str(n)) for n in range(5)] == found
    assert {"tenant": "acme"} == after


def test_tasks_inside_a_span(tracer):
    """Tasks that share a span do not share the tags that one of them sets."""

    async def request(number):
        _set(user=str(number))
        await asyncio.sleep(0)
        with tracer.span(f"{number}"):
            await asyncio.sleep(0)
            return _now()

    async def main():
        with tracer.span("a"):
            return await asyncio.gather(*(request(number) for number in range(5)))

    assert [{"user": str(number)} for number in range(5)] == asyncio.run(main())


def test_changed_in_one_thread_read_in_another():
    """A map that one thread fills while others read its baggage harms nobody."""
    tags = _set()
    done = threading.Event()

    def read():
        while not done.is_set():
            dict(baggage.get_all())

    readers = [threading.Thread(target=context.carry(read)) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(2_000):
        tags.insert(f"k{number % 50}", "v")
        tags.delete(f"k{(number + 25) % 50}")
    done.set()
    for reader in readers:
        reader.join()
    assert dict(tags.map) == _now()


def test_opentracing_baggage():
    """Tags reach OpenTracing's baggage, and its baggage is seen as tags."""
    tracer = opentracing_bridge.Tracer()
    _set(tenant="acme")
    with tracer.start_active_span("a") as scope:
        assert "acme" == scope.span.get_baggage_item("tenant")
        scope.span.set_baggage_item("tier", "gold")
        assert {"tenant": "acme", "tier": "gold"} == dict(TagContext.get().map)
        carrier = {}
        tracer.inject(scope.span.context, opentracing.Format.HTTP_HEADERS, carrier)
    assert "tenant=acme,tier=gold" == carrier["baggage"]
    assert {"tenant": "acme"} == _now()


@pytest.mark.gevent
def test_greenlets(tracer):
    """Each greenlet has its own tags; what is carried along goes along."""
    gevent = pytest.importorskip("gevent")

    def request(number):
        _set(user=str(number))
        gevent.sleep(0)
        with tracer.span("a"):
            gevent.sleep(0)
            return _now()

    _set(tenant="acme")
    greenlets = [gevent.spawn(request, number) for number in range(5)]
    gevent.joinall(greenlets, raise_error=True)
    assert [{"user": str(number)} for number in range(5)] == [each.value for each in greenlets]
    assert {"tenant": "acme"} == gevent.spawn(context.carry(_now)).get() == _now()
