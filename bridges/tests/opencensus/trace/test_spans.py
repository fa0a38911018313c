"""What OpenCensus code does to a span is in the native span, and is read back as it was written."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from opencensus.trace import attributes as oc_attributes
from opencensus.trace import base_span, exceptions_status, link, status, time_event
from opencensus.trace import span as oc_span
from opencensus.trace.stack_trace import StackTrace

from midspan import sdk
from midspan.trace import SpanKind, Status, StatusCode


def test_it_is_a_real_span(tracer):
    """A span of the bridge is an instance of OpenCensus's class, whole."""
    with tracer.span("a") as span:
        assert isinstance(span, oc_span.Span)
        assert isinstance(span, base_span.BaseSpan)


def test_name(tracer, spans):
    """A span has its name."""
    with tracer.span("charge"):
        pass
    assert ["charge"] == list(spans())


def test_renamed(tracer, spans):
    """A name that is assigned after the start counts, as integrations assign it."""
    with tracer.span() as span:
        span.name = "[GET]/cart"
    assert ["[GET]/cart"] == list(spans())


def test_name_that_is_no_text(tracer, spans):
    """Whatever is given for a name becomes its text."""
    with tracer.span(None):
        pass
    with tracer.span(12):
        pass
    assert ["", "12"] == list(spans())


def test_ids_are_the_same_on_both_sides(tracer, spans):
    """OpenCensus's hexadecimal ids are those of the native span."""
    with tracer.span("a") as span:
        trace_id = tracer.span_context.trace_id
    native = spans()["a"]
    assert (trace_id, span.span_id) == (
        f"{native.context.trace_id:032x}",
        f"{native.context.span_id:016x}",
    )


def test_scope_names_the_bridge(tracer, spans):
    """The scope tells where a span came from."""
    with tracer.span("a"):
        pass
    assert spans()["a"].scope.name == "midspan.bridges.opencensus"


@pytest.mark.parametrize(
    ("given", "native"),
    [
        (oc_span.SpanKind.UNSPECIFIED, SpanKind.INTERNAL),
        (oc_span.SpanKind.SERVER, SpanKind.SERVER),
        (oc_span.SpanKind.CLIENT, SpanKind.CLIENT),
        ("nonsense", SpanKind.INTERNAL),
        ([], SpanKind.INTERNAL),
    ],
)
def test_kind(tracer, spans, given, native):
    """A kind that is assigned after the start counts."""
    with tracer.span("a") as span:
        span.span_kind = given
    assert (given, native) == (span.span_kind, spans()["a"].kind)


def test_attributes(tracer, spans):
    """Attributes keep their types."""
    with tracer.span("a") as span:
        for key, value in {"s": "x", "i": 1, "f": 0.5, "b": True}.items():
            span.add_attribute(key, value)
    assert {"s": "x", "i": 1, "f": 0.5, "b": True} == spans()["a"].attributes


def test_attributes_written_directly(tracer, spans):
    """The mapping of attributes can be written to, and read back."""
    with tracer.span("a") as span:
        span.attributes["k"] = 1
        span.attributes.update(n=2)
        del span.attributes["n"]
        assert {"k": 1} == dict(span.attributes)
    assert {"k": 1} == spans()["a"].attributes


def test_attributes_replaced(tracer, spans):
    """Another mapping can be assigned in place of the attributes."""
    with tracer.span("a") as span:
        span.attributes = {"k": 1, "none": None}
    assert {"k": 1} == spans()["a"].attributes


def test_attributes_are_bounded_as_before(tracer, spans):
    """OpenCensus keeps 32 attributes, the latest; the rest is counted as dropped."""
    with tracer.span("a") as span:
        for number in range(40):
            span.add_attribute(f"k{number}", number)
        assert (32, 8) == (len(span.attributes), span.attributes.dropped)
    native = spans()["a"]
    assert [f"k{number}" for number in range(8, 40)] == list(native.attributes)
    assert native.dropped_attributes == 8


def test_attribute_set_again_is_the_latest(tracer):
    """An attribute that is set again moves to the end, as OpenCensus's dictionary has it."""
    with tracer.span("a") as span:
        for key in ("x", "y", "x"):
            span.add_attribute(key, 1)
        assert ["y", "x"] == list(span.attributes)


def test_attribute_of_the_current_span(tracer, spans):
    """The tracer's short cut reaches the current span."""
    with tracer.span("outer"), tracer.span("inner"):
        tracer.add_attribute_to_current_span("k", 1)
    assert ({}, {"k": 1}) == (spans()["outer"].attributes, spans()["inner"].attributes)


def test_status(tracer, spans):
    """An error's message is the description, and its code an attribute."""
    with tracer.span("a") as span:
        span.set_status(status.Status(5, "no such cart"))
    native = spans()["a"]
    assert Status(StatusCode.ERROR, "no such cart") == native.status
    assert {"opencensus.status_code": 5} == native.attributes


def test_status_assigned(tracer, spans):
    """A status without a message is described by the name of its code."""
    with tracer.span("a") as span:
        span.status = exceptions_status.TIMEOUT
        span.status = status.Status(16)
    assert Status(StatusCode.ERROR, "UNAUTHENTICATED") == spans()["a"].status


def test_status_ok(tracer, spans):
    """OK is passed on where it was set, and nothing where nobody set anything, though somebody looked."""
    with tracer.span("set") as span:
        span.set_status(status.Status(0))
    with tracer.span("looked at") as span:
        assert span.status.is_ok
    assert (StatusCode.OK, StatusCode.UNSET) == (
        spans()["set"].status.code,
        spans()["looked at"].status.code,
    )


def test_status_mended(tracer, spans):
    """Of several statuses the last one counts."""
    with tracer.span("a") as span:
        span.set_status(status.Status(13, "broken"))
        span.set_status(status.Status(0))
    assert Status(StatusCode.OK) == spans()["a"].status


def test_status_of_another_type_is_refused(tracer):
    """What is no status raises, as in OpenCensus."""
    with tracer.span("a") as span, pytest.raises(TypeError):
        span.set_status("ok")


def test_annotations(tracer, spans):
    """An annotation is an event of its name, with its attributes, at its time."""
    with tracer.span("a") as span:
        span.add_annotation("retry", attempt=2, reason=None)
        assert span.annotations[0].description == "retry"
        assert {"attempt": 2, "reason": None} == span.annotations[0].attributes.attributes
    native = spans()["a"]
    event = native.events[0]
    assert ("retry", {"attempt": 2}) == (event.name, dict(event.attributes))
    assert native.start_ns <= event.timestamp_ns <= native.end_ns


def test_annotation_of_the_applications_own(tracer, spans):
    """An annotation that the application made has the time it was given, which is UTC."""
    moment = dt.datetime(2020, 1, 31, 12, 0, 0, 250)  # noqa: DTZ001 - OpenCensus's are naive
    with tracer.span("a") as span:
        span.annotations.append(time_event.Annotation(moment, "past", oc_attributes.Attributes({"k": "v"})))
    event = spans()["a"].events[0]
    assert ("past", 1_580_472_000_000_250_000, {"k": "v"}) == (
        event.name,
        event.timestamp_ns,
        dict(event.attributes),
    )


def test_annotation_shows_its_time_as_before(tracer):
    """The time of an annotation reads as OpenCensus writes it."""
    with tracer.span("a") as span:
        span.add_annotation("now")
        shown = span.annotations[0].timestamp
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", shown)


def test_message_events(tracer, spans):
    """A message event is an event `message`; its time is UTC, wherever the machine stands."""
    moment = dt.datetime(2020, 1, 31, 12, 0, 0)  # noqa: DTZ001 - OpenCensus's are naive
    with tracer.span("a") as span:
        span.add_message_event(time_event.MessageEvent(moment, "7", type=1, uncompressed_size_bytes=9))
    event = spans()["a"].events[0]
    assert ("message", 1_580_472_000_000_000_000) == (event.name, event.timestamp_ns)
    assert {
        "message.type": "SENT",
        "message.id": "7",
        "message.uncompressed_size": 9,
        "message.compressed_size": 9,
    } == dict(event.attributes)


def test_links(tracer, spans):
    """A link points to the same span, with its attributes and its kind."""
    with tracer.span("a") as span:
        span.add_link(link.Link("1" * 32, "2" * 16, link.Type.PARENT_LINKED_SPAN, {"k": "v"}))
        span.add_link(link.Link("3" * 32, "4" * 16))
    first, second = spans()["a"].links
    assert (int("1" * 32, 16), int("2" * 16, 16)) == first.context[:2]
    assert {"k": "v", "opencensus.link_type": "PARENT_LINKED_SPAN"} == dict(first.attributes)
    assert {} == dict(second.attributes)


def test_link_of_another_type_is_refused(tracer):
    """What is no link raises, as in OpenCensus."""
    with tracer.span("a") as span, pytest.raises(TypeError):
        span.add_link("elsewhere")


def test_exception(tracer, spans):
    """An exception that leaves the block is recorded with its stack, and makes the status an error."""
    with pytest.raises(KeyError), tracer.span("a") as span:
        raise KeyError("cart")
    native = spans()["a"]
    assert Status(StatusCode.ERROR, "'cart'") == native.status
    event = native.events[0]
    assert ("exception", "KeyError") == (event.name, event.attributes["exception.type"])
    assert 'raise KeyError("cart")' in event.attributes["exception.stacktrace"]
    assert (2, "'cart'") == (span.status.code, span.status.message)
    assert isinstance(span.stack_trace, StackTrace)


def test_stack_trace_assigned(tracer, spans):
    """A stack trace that an integration assigns is an exception event."""
    with pytest.raises(ValueError, match="no") as caught:
        int("no")
    found = StackTrace.from_traceback(caught.tb)
    with tracer.span("a") as span:
        span.stack_trace = found
        span.set_status(status.Status(2, "no"))
    event = spans()["a"].events[0]
    assert (event.name, event.attributes["exception.message"]) == ("exception", "no")
    assert "in test_stack_trace_assigned" in event.attributes["exception.stacktrace"]


def test_times_are_text_as_before(tracer, spans):
    """Times read as OpenCensus's text in UTC, and are those of the native span."""
    with tracer.span("a") as span:
        assert span.end_time is None
    native = spans()["a"]
    for shown, time_ns in ((span.start_time, native.start_ns), (span.end_time, native.end_ns)):
        moment = dt.datetime.strptime(f"{shown[:-1]}+0000", "%Y-%m-%dT%H:%M:%S.%f%z")
        assert abs(moment.timestamp() - time_ns / 1e9) < 1e-5


def test_times_assigned(tracer, spans):
    """Times that are assigned count; those are texts in UTC."""
    with tracer.span("a") as span:
        span.start_time = "2020-01-31T12:00:00.000250Z"
        span.add_annotation("x")
    assert spans()["a"].start_ns == 1_580_472_000_000_250_000
    span = tracer.start_span("b")
    span.finish = lambda: setattr(span, "end_time", "2100-01-31T12:00:00.5Z")
    tracer.end_span()
    assert spans()["b"].end_ns == 4_105_080_000_500_000_000
    assert span.end_time == "2100-01-31T12:00:00.5Z"


@pytest.mark.parametrize(
    "text",
    [
        "2020-01-31T12:00:00.5Z",
        "2020-01-31T12:00:00.500000Z",
        "2020-01-31T14:00:00.500+02:00",
        "2020-01-31T12:00:00.500000",
        dt.datetime(2020, 1, 31, 12, 0, 0, 500_000),  # noqa: DTZ001 - OpenCensus's are naive
    ],
)
def test_times_in_other_forms(tracer, spans, text):
    """A time is understood in every form that is met, and without a zone it is UTC."""
    with tracer.span("a") as span:
        span.start_time = text
    assert spans()["a"].start_ns == 1_580_472_000_500_000_000


@pytest.mark.parametrize("text", ["yesterday", 12, "2020-13-01T00:00:00.0Z"])
def test_times_that_are_none(tracer, memory, text):
    """What is no time is said, and changes nothing."""
    sdk.configure(exporters=[memory], strict=False, environment={})
    with tracer.span("a") as span:
        before = span._native.start_ns
        span.start_time = text
    assert before <= span._native.start_ns < span._native.end_ns


def test_nonsense_harms_nobody(tracer, memory):
    """Whatever is assigned to a span, leaving its block raises nothing, and the span is exported."""
    sdk.configure(exporters=[memory], strict=False, environment={})
    with tracer.span("a") as span:
        span.annotations = span.links = span.message_events = 5
        span.attributes = "none"
        span.status = span.stack_trace = object()
    with tracer.span("b") as span:
        span.annotations = [None]
        span.links = [object()]
        span.message_events = [3]
    assert ["a", "b"] == [span.name for span in memory.spans]
    assert tracer.current_span() is None


def test_started_again(tracer, spans):
    """`with` starts a span anew, as in OpenCensus: its time is that of entering the block."""
    span = tracer.span("a")
    before = span._native.start_ns
    with span:
        pass
    assert spans()["a"].start_ns > before


def test_child_that_is_not_current(tracer, spans, kept):
    """`span.span()` makes a child that is exported when its parent ends, to both sides."""
    with tracer.span("parent") as parent:
        with parent.span("child") as child:
            child.add_attribute("k", 1)
            assert tracer.current_span() is parent
        assert [child] == parent.children
        assert "child" not in spans()
    native = spans()
    assert native["child"].parent.span_id == native["parent"].context.span_id
    assert ({"k": 1}, native["parent"].context.trace_id) == (
        native["child"].attributes,
        native["child"].context.trace_id,
    )
    assert ["child", "parent"] == [data.name for data in kept.spans]
    assert [child, parent] == list(parent)


def test_on_create(tracer):
    """Whoever asked to be told of each new span is told, with the span as it will be."""
    seen = []
    oc_span.Span.on_create(seen.append)
    with tracer.span("a") as span, span.span("b") as child:
        pass
    assert [span, child] == seen


def test_attributes_of_ones_own(tracer):
    """A span takes attributes of whoever likes to hang something on it."""
    with tracer.span("a") as span:
        span.request = "mine"
    assert span.request == "mine"


def test_native_code_adds_to_it(tracer, spans):
    """What native code sets on the current span stays, beside what OpenCensus code sets."""
    from midspan import trace

    with tracer.span("a") as span:
        trace.get_current_span().set_attribute("native", 1)
        span.add_attribute("legacy", 2)
    assert {"native": 1, "legacy": 2} == spans()["a"].attributes


def test_format_json_as_before(tracer):
    """OpenCensus's own formatting of a span works."""
    with tracer.span("a") as span:
        span.add_attribute("k", "v")
        span.add_annotation("note", n=1)
        span.add_link(link.Link("1" * 32, "2" * 16))
    shown = oc_span.format_span_json(span)
    assert ("a", span.span_id, 0) == (
        shown["displayName"]["value"],
        shown["spanId"],
        shown["childSpanCount"],
    )
    assert {"attributes", "timeEvents", "links", "status", "startTime", "endTime"} <= shown.keys()


def test_ended_twice(tracer, memory):
    """A span that is ended inside its own block ends once, and its parent goes on."""
    with tracer.span("outer"):
        with tracer.span("inner"):
            tracer.end_span()
        assert tracer.current_span().name == "outer"
    assert ["inner", "outer"] == [span.name for span in memory.spans]
