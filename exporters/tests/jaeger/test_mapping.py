"""Where each field of a span lands: the rows of the table in docs/exporters.md, under their names there."""

from __future__ import annotations

import pytest

from exporters.tests.jaeger._oracle import batch_of_call, shown_process, shown_span
from midspan import resource, sdk, testing, trace
from midspan.exporters.jaeger._encoding import for_agent
from midspan.exporters.jaeger._frames import split
from midspan.trace import InstrumentationScope, Link, SpanContext, SpanKind, StatusCode, TraceState

PARENT = SpanContext(0xF000000000000001E000000000000002, 0xD000000000000003, 1, is_remote=True)
START_NS = 1_700_000_000_123_456_789


def batch_of(*spans):
    """Return the only batch that comes of spans, decoded."""
    (frame,) = split(for_agent().encode(spans))
    assert len(spans) == frame.spans
    return batch_of_call(frame.message)


def sent(span):
    """Return a span as it arrives."""
    return shown_span(batch_of(span).spans[0])


def tags_of(span):
    """Return the tags of a span as they arrive, without those that all spans here have."""
    tags = sent(span)["tags"]
    return {key: tag for key, tag in tags.items() if not key.startswith("otel.scope.")}


def text(value):
    """Return what the decoder shows of a text."""
    return ("str", repr(value))


def test_ids(make_span):
    """Trace ids are two signed halves, of which the high one may be 0; ids keep their 64 bits."""
    span = make_span(parent=PARENT)
    assert (PARENT.trace_id, span.context.span_id) == (sent(span)["trace_id"], sent(span)["span_id"])
    raw = batch_of(span).spans[0]
    assert (0xE000000000000002 - 2**64, 0xF000000000000001 - 2**64) == (raw.traceIdLow, raw.traceIdHigh)
    short = make_span(parent=SpanContext(5, 6, 1, is_remote=True))
    assert 5 == sent(short)["trace_id"]


def test_parent(make_span):
    """Its id has a field; 0 is a root."""
    assert (PARENT.span_id, 0) == (
        sent(make_span(parent=PARENT))["parent_id"],
        sent(make_span())["parent_id"],
    )
    assert [] == sent(make_span(parent=PARENT))["references"]


def test_name(make_span):
    """It is the operation's name."""
    assert "é注 \x00" == sent(make_span("é注 \x00"))["name"]


@pytest.mark.parametrize("kind", SpanKind)
def test_kind(make_span, kind):
    """It is a tag in lower case; an internal span has none."""
    expected = {} if kind is SpanKind.INTERNAL else {"span.kind": text(kind.name.lower())}
    assert expected == tags_of(make_span(kind=kind))


def test_times(memory):
    """They are microseconds, cut; a span that ends before it starts took no time."""
    tracer = trace.get_tracer("shop")
    tracer.start_span("a", start_ns=START_NS).end(START_NS + 2_500_999)
    tracer.start_span("b", start_ns=START_NS).end(START_NS - 5_000)
    assert [(1_700_000_000_123_456, 2_500), (1_700_000_000_123_456, 0)] == [
        (sent(span)["start_us"], sent(span)["duration_us"]) for span in memory.spans
    ]


ATTRIBUTES = {
    "text": ("é注", text("é注")),
    "yes": (True, ("bool", "True")),
    "no": (False, ("bool", "False")),
    "whole": (-(2**63), ("int", str(-(2**63)))),
    "real": (0.1, ("float", "0.1")),
    "nan": (float("nan"), ("float", "nan")),
    "bytes": (b"\x00\xff", ("bytes", "b'\\x00\\xff'")),
    "list": (("é", 1, 2.5, True), text('["é",1,2.5,true]')),
    "odd numbers": ((float("nan"), float("-inf")), text('["NaN","-Infinity"]')),
    "bytes in a list": ((b"ab",), text('["YWI="]')),
    "map": ({"a": [1]}, text('{"a":[1]}')),
    "nothing": (None, text("null")),
    "empty": ("", text("")),
}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes(make_span, name):
    """Each is a tag of its type; lists and maps are JSON."""
    value, expected = ATTRIBUTES[name]
    span = make_span()
    # As a bridge or a processor may leave it: not all of these pass the door for attributes.
    span.attributes[name] = value
    assert {name: expected} == tags_of(span)


def test_status(memory):
    """OK and ERROR are tags, with the description; an error has the tag `error` as well."""
    tracer = trace.get_tracer("shop")
    for code in (StatusCode.UNSET, StatusCode.OK, StatusCode.ERROR):
        span = tracer.start_span("a", attributes={"error": "mine"} if code else None)
        span.set_status(code, "declined")
        span.end()
    unset, okay, error = map(tags_of, memory.spans)
    assert {} == unset
    assert {"otel.status_code": text("OK"), "error": text("mine")} == okay
    assert {
        "otel.status_code": text("ERROR"),
        "otel.status_description": text("declined"),
        "error": ("bool", "True"),
    } == error


def test_events(memory):
    """Each is a log with its time, its attributes, and its name as `event`, unless it has one already."""
    span = trace.get_tracer("shop").start_span("a", start_ns=START_NS)
    span.add_event("retry", {"count": 2}, START_NS + 1_000)
    span.add_event("log", {"event": "mine"}, START_NS)
    span.end()
    at = START_NS // 1000
    assert [
        (at + 1, {"event": text("retry"), "count": ("int", "2")}),
        (at, {"event": text("mine")}),
    ] == sent(span)["logs"]


def test_links(make_span):
    """They are references, FOLLOWS_FROM unless OpenTracing said `child_of`; further attributes are a log."""
    kinds = ({}, {"opentracing.ref_type": "child_of"}, {"opentracing.ref_type": "follows_from"})
    links = [Link(PARENT, attributes) for attributes in (*kinds, {"why": "batch"})]
    span = make_span(links=links, start_ns=START_NS)
    expected = ["FOLLOWS_FROM", "CHILD_OF", "FOLLOWS_FROM", "FOLLOWS_FROM"]
    assert [(kind, PARENT.trace_id, PARENT.span_id) for kind in expected] == sent(span)["references"]
    ids = {"trace_id": text(f"{PARENT.trace_id:032x}"), "span_id": text(f"{PARENT.span_id:016x}")}
    said = {"event": text("link"), "why": text("batch"), **ids}
    assert [(START_NS // 1000, said)] == sent(span)["logs"]


def test_flags(make_span):
    """1 is sampled; a trace that was demanded has 2 as well."""
    demanded = make_span(parent=PARENT._replace(is_debug=True))
    assert (1, 3) == (sent(make_span())["flags"], sent(demanded)["flags"])


def test_resource():
    """`service.name` is the service, all else tags of the process; nothing is left without a name."""
    memory = testing.MemoryExporter()
    sdk.configure(
        resource=resource.Resource({"service.name": "shop", "zones": ["a", "b"], "port": 80}),
        exporters=[memory],
        environment={},
    )
    trace.get_tracer("a").start_span("x").end()
    name, tags = shown_process(batch_of(memory.spans[0]).process)
    assert ("shop", text('["a","b"]'), ("int", "80")) == (name, tags["zones"], tags["port"])
    assert "service.name" not in tags
    assert memory.spans[0].resource.attributes.keys() - {"service.name"} == tags.keys()


def test_scope(make_span):
    """Its name and version are tags."""
    tags = sent(make_span())["tags"]
    assert {"otel.scope.name": text("shop.checkout"), "otel.scope.version": text("1.2.0")} == tags


def test_attributes_of_a_scope(memory):
    """They are tags, too, unless the span itself has something to say by that name."""
    scope = {"team": "cart", "region": "eu"}
    tracer = trace.get_tracer("shop", attributes=scope)
    span = tracer.start_span("charge", attributes={"team": "pay"})
    span.end()
    assert {"team": text("pay"), "region": text("eu")} == tags_of(span)


def test_trace_state(make_span):
    """It is a tag, as OpenTelemetry's Collector writes it."""
    state = TraceState((("vendor", "x"), ("other", "y")))
    assert {"w3c.tracestate": text("vendor=x,other=y")} == tags_of(
        make_span(parent=PARENT._replace(trace_state=state))
    )


def test_dropped():
    """What did not fit is counted in tags, and in the log of an event."""
    memory = testing.MemoryExporter()
    limits = trace.SpanLimits(attributes=1, events=1, links=1, event_attributes=1)
    sdk.configure(exporters=[memory], limits=limits, environment={})
    links = [Link(PARENT), Link(PARENT)]
    span = trace.get_tracer("").start_span("a", attributes={"a": 1, "b": 2, "c": 3}, links=links)
    for _ in range(4):
        span.add_event("e", {"a": 1, "b": 2})
    span.end()
    counts = {
        "otel.dropped_attributes_count": 2,
        "otel.dropped_events_count": 3,
        "otel.dropped_links_count": 1,
    }
    assert {"a": ("int", "1"), **{key: ("int", str(count)) for key, count in counts.items()}} == tags_of(span)
    assert ("int", "1") == sent(span)["logs"][0][1]["otel.event.dropped_attributes_count"]


def test_spans_of_several_resources_go_in_messages_of_their_own(make_span):
    """A message has one process; what has the same goes together."""

    def of(name, span):
        class Odd:
            resource_ = resource.Resource({"service.name": name})
            scope = InstrumentationScope("s")

            def __getattr__(self, field):
                return self.resource_ if field == "resource" else getattr(span, field)

        return Odd()

    spans = [of("shop", make_span("a")), of("bank", make_span("b")), of("shop", make_span("c"))]
    batches = [batch_of_call(frame.message) for frame in split(for_agent().encode(spans))]
    assert [("shop", ["a", "c"]), ("bank", ["b"])] == [
        (batch.process.serviceName, [span.operationName for span in batch.spans]) for batch in batches
    ]
