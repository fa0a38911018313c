"""Where each concept of a span lands: the rows of the table in docs/exporters.md."""

from __future__ import annotations

import pytest

from exporters.tests.opencensus_agent._decoder import decode_spans, one_span
from midspan import trace
from midspan.exporters.jsonl import SpanRecord
from midspan.exporters.opencensus_agent import encode_spans
from midspan.resource import Resource
from midspan.trace import SpanContext, SpanKind, StatusCode, TraceState

LINK_TYPE = "opencensus.link_type"
SCOPE = {"otel.scope.name": "shop.checkout", "otel.scope.version": "1.2.0"}


def shown(span):
    """Return the only span of a request with this one."""
    return one_span(encode_spans([span]))


def attributes_of(span):
    """Return a span's attributes without those that name its scope and its kind."""
    told = shown(span)["attributes"]["attribute_map"]
    assert SCOPE.items() <= told.items()
    return {key: value for key, value in told.items() if key not in {*SCOPE, "span.kind"}}


def test_ids(make_span):
    """Trace, span and parent have their own fields, all bits of them."""
    span = make_span(parent=SpanContext(2**127 + 1, 2**63 + 1, 1))
    told = shown(span)
    assert (2**127 + 1, span.context.span_id, 2**63 + 1) == tuple(
        int.from_bytes(told[name], "big") for name in ("trace_id", "span_id", "parent_span_id")
    )


def test_a_root_says_nothing_of_a_parent(make_span):
    """Neither which it is nor where it is."""
    assert not {"parent_span_id", "same_process_as_parent_span"} & shown(make_span()).keys()


@pytest.mark.parametrize("is_remote", [True, False])
def test_a_parent_in_this_process_or_elsewhere(make_span, is_remote):
    """`same_process_as_parent_span` tells it."""
    span = make_span(parent=SpanContext(1, 2, 1, is_remote=is_remote))
    assert (not is_remote) is shown(span)["same_process_as_parent_span"]


def test_name_and_times(make_span):
    """The name as it was written, times to the nanosecond."""
    span = trace.get_tracer("shop").start_span("Charge É", start_ns=1_700_000_000_000_000_001)
    span.end(1_700_000_001_999_999_999)
    told = shown(span)
    assert ("Charge É", 1_700_000_000_000_000_001, 1_700_000_001_999_999_999) == (
        told["name"],
        told["start_time"],
        told["end_time"],
    )


@pytest.mark.parametrize(
    ("kind", "number", "text"),
    [
        (SpanKind.SERVER, 1, None),
        (SpanKind.CLIENT, 2, None),
        (SpanKind.INTERNAL, None, "internal"),
        (SpanKind.PRODUCER, None, "producer"),
        (SpanKind.CONSUMER, None, "consumer"),
    ],
)
def test_kind(make_span, kind, number, text):
    """OpenCensus has two; the Collector reads the others from the attribute `span.kind`."""
    told = shown(make_span(kind=kind))
    assert (number, text) == (told.get("kind"), told["attributes"]["attribute_map"].get("span.kind"))


def test_an_attribute_that_is_called_as_the_kind(make_span):
    """It stays where OpenCensus has the kind, and gives way where it has not."""
    given = {"span.kind": "mine"}
    spans = make_span(kind=SpanKind.SERVER, attributes=given), make_span(attributes=given)
    kinds = [shown(span)["attributes"]["attribute_map"]["span.kind"] for span in spans]
    assert ["mine", "internal"] == kinds


def test_trace_state(make_span):
    """Its members are entries, in order."""
    state = TraceState((("b", "1"), ("a", "2")))
    told = shown(make_span(parent=SpanContext(1, 2, 1, state)))
    assert [("b", "1"), ("a", "2")] == list(told["tracestate"]["entries"].items())


def test_no_trace_state(make_span):
    """The field is absent."""
    assert "tracestate" not in shown(make_span())


VALUES = {
    "text": ("é", "é"),
    "empty": ("", ""),
    "whole": (-(2**63), -(2**63)),
    "yes": (True, True),
    "double": (1.5, 1.5),
    "list": (("a", 1, True), '["a",1,true]'),
    "map": ({"k": [1.5]}, '{"k":[1.5]}'),
    "bytes": (b"\xff\x00", "/wA="),
}


def test_attributes(make_span):
    """Texts, numbers and truths have types of their own; lists and maps are JSON, bytes base64."""
    told = attributes_of(make_span(attributes={key: given for key, (given, _) in VALUES.items()}))
    assert {key: (type(value), value) for key, (_, value) in VALUES.items()} == {
        key: (type(value), value) for key, value in told.items()
    }


def test_an_attribute_without_a_value(make_span):
    """It is left out, as OpenCensus's exporters leave it out."""
    assert {"a": 1} == attributes_of(make_span(attributes={"none": None, "a": 1}))


def test_equal_numbers_of_other_types(make_span):
    """1, 1.0 and True are told as what they are, whichever came first."""
    for given in (1, True, 1.0, 1):
        told = attributes_of(make_span(attributes={"n": given}))["n"]
        assert (type(given), given) == (type(told), told)


def test_status_not_set(make_span):
    """Nothing is said."""
    assert "status" not in shown(make_span())


def ended(code, description="", attributes=None):
    """Return an ended span with a status."""
    span = trace.get_tracer("shop.checkout", "1.2.0").start_span("charge", attributes=attributes)
    span.set_status(code, description)
    span.end()
    return span


def test_status_ok(memory):
    """OpenCensus's OK, and the attribute by which the Collector tells it from one that nobody set."""
    span = ended(StatusCode.OK)
    assert ({}, {"otel.status_code": 1}) == (shown(span)["status"], attributes_of(span))


def test_status_error(memory):
    """UNKNOWN, as nothing more is known, with the description."""
    span = ended(StatusCode.ERROR, "card declined")
    assert ({"code": 2, "message": "card declined"}, {}) == (shown(span)["status"], attributes_of(span))


def test_an_error_with_an_attribute_that_is_called_as_the_status(memory):
    """It gives way: the Collector would take it for the status, and see no error."""
    span = ended(StatusCode.ERROR, "", {"otel.status_code": "ERROR"})
    assert ({"code": 2}, {}) == (shown(span)["status"], attributes_of(span))


def test_an_error_that_came_from_opencensus(memory):
    """It has the code that it came with, which is no attribute any more."""
    span = ended(StatusCode.ERROR, "nobody", {"opencensus.status_code": 5})
    assert ({"code": 5, "message": "nobody"}, {}) == (shown(span)["status"], attributes_of(span))


@pytest.mark.parametrize("code", [0, -1, 2**31, True, "5"])
def test_a_code_that_no_error_has(memory, code):
    """The attribute stays one, and the code is UNKNOWN."""
    span = ended(StatusCode.ERROR, "", {"opencensus.status_code": code})
    assert ({"code": 2}, {"opencensus.status_code": code}) == (shown(span)["status"], attributes_of(span))


def events_of(*events):
    """Return the time events of a span with these."""
    span = trace.get_tracer("shop").start_span("charge")
    for event in events:
        span.add_event(*event)
    span.end()
    return shown(span)["time_events"]["time_event"]


def test_an_event(memory):
    """It is an annotation."""
    told = events_of(("retry", {"n": 1}, 1_500), ("done", {}, 1_600))
    annotation = {"description": "retry", "attributes": {"attribute_map": {"n": 1}}}
    assert [
        {"time": 1_500, "annotation": annotation},
        {"time": 1_600, "annotation": {"description": "done"}},
    ] == told


MESSAGE = {
    "message.type": "RECEIVED",
    "message.id": 7,
    "message.uncompressed_size": 1024,
    "message.compressed_size": 512,
}


def test_a_message_event(memory):
    """What the bridge makes of one is one again."""
    message = {"type": 2, "id": 7, "uncompressed_size": 1024, "compressed_size": 512}
    assert [{"time": 1_500, "message_event": message}] == events_of(("message", MESSAGE, 1_500))


def test_a_message_event_of_which_little_is_known(memory):
    """What is missing stays missing."""
    told = events_of(("message", {"message.type": "SENT", "message.id": 0}, 1))
    assert [{"time": 1, "message_event": {"type": 1, "id": 0}}] == told


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {**MESSAGE, "more": 1},
        {**MESSAGE, "message.type": "LOST"},
        {**MESSAGE, "message.id": "seven"},
        {**MESSAGE, "message.id": -1},
        {**MESSAGE, "message.compressed_size": 1.5},
    ],
)
def test_a_message_that_opencensus_cannot_hold(memory, facts):
    """It is an annotation, with all that it says."""
    (told,) = events_of(("message", facts, 1))
    assert facts == told["annotation"].get("attributes", {"attribute_map": {}})["attribute_map"]


def test_an_exception(memory):
    """Its frames are the span's stack trace, the annotation has all of its text."""
    with pytest.raises(ZeroDivisionError), trace.get_tracer("shop").start_as_current_span("charge"):
        divide(1, 0)
    told = shown(memory.spans[-1])
    (event,) = told["time_events"]["time_event"]
    frames = told["stack_trace"]["stack_frames"]["frame"]
    assert ("exception", "ZeroDivisionError", ["test_an_exception", "divide"]) == (
        event["annotation"]["description"],
        event["annotation"]["attributes"]["attribute_map"]["exception.type"],
        [function for function, _, _ in frames],
    )
    assert (__file__, divide.__code__.co_firstlineno + 2) == frames[-1][1:]


def divide(one, other):
    """Return a ratio."""
    return one / other


def stack_of(text):
    """Return the stack trace of a span with an exception whose trace is this text."""
    span = trace.get_tracer("shop").start_span("charge")
    span.add_event("exception", {"exception.stacktrace": text})
    span.end()
    return shown(span).get("stack_trace", {}).get("stack_frames")


FRAME = '  File "{0}.py", line {0}, in f{0}\n    pass\n'
BEGIN = "Traceback (most recent call last):\n"


def test_an_exception_that_another_one_led_to(memory):
    """The frames are those of the one that ended the span."""
    text = f"{BEGIN}{FRAME.format(1)}KeyError\n\nDuring handling:\n\n{BEGIN}{FRAME.format(2)}ValueError"
    assert {"frame": [("f2", "2.py", 2)]} == stack_of(text)


def test_a_deep_stack(memory):
    """The 128 innermost frames are told, and how many others there were."""
    told = stack_of(BEGIN + "".join(FRAME.format(n) for n in range(200)))
    assert (72, 128, "f199") == (told["dropped_frames_count"], len(told["frame"]), told["frame"][-1][0])


@pytest.mark.parametrize("text", ["", "at Main.java:5", BEGIN, 5, '  File "a", line 9999999999, in f'])
def test_a_stack_that_python_has_not_written(memory, text):
    """No stack trace is told."""
    assert stack_of(text) is None


def links_of(*attributes):
    """Return the links of a span, one with each of these attributes."""
    span = trace.get_tracer("shop").start_span("charge")
    for each in attributes:
        span.add_link(SpanContext(0x123, 0x456, 1, TraceState((("v", "x"),))), each)
    span.end()
    return shown(span)["links"]["link"]


def test_a_link(memory):
    """Ids, trace state and attributes."""
    (told,) = links_of({"opentracing.ref_type": "follows_from"})
    assert {
        "trace_id": (0x123).to_bytes(16, "big"),
        "span_id": (0x456).to_bytes(8, "big"),
        "tracestate": {"entries": {"v": "x"}},
        "attributes": {"attribute_map": {"opentracing.ref_type": "follows_from"}},
    } == told


def test_the_type_of_a_link(memory):
    """The bridge keeps it in an attribute; another value there stays one."""
    told = links_of(
        *({"opencensus.link_type": f"{which}_LINKED_SPAN"} for which in ("CHILD", "PARENT", "NO"))
    )
    assert [(1, False), (2, False), (None, True)] == [
        (link.get("type"), "attributes" in link) for link in told
    ]


def test_what_was_dropped(memory):
    """Three counts, and one of each event and link."""
    event = trace.Event("e", 1, {}, 4)
    link = trace.Link(SpanContext(1, 2), {}, 5)
    told = shown(record(events=[event], links=[link], dropped=(1, 2, 3)))
    assert (1, 2, 3, 4, 5) == (
        told["attributes"]["dropped_attributes_count"],
        told["time_events"]["dropped_annotations_count"],
        told["links"]["dropped_links_count"],
        told["time_events"]["time_event"][0]["annotation"]["attributes"]["dropped_attributes_count"],
        told["links"]["link"][0]["attributes"]["dropped_attributes_count"],
    )


def test_a_message_of_which_something_was_dropped(memory):
    """OpenCensus cannot say that of a message event: it is an annotation."""
    told = shown(record(events=[trace.Event("message", 1, MESSAGE, 1)]))
    assert "annotation" in told["time_events"]["time_event"][0]


def record(name="a", *, resource=None, scope=None, dropped=(0, 0, 0), **fields):
    """Return a finished span that is what a test says."""
    given = {
        "context": SpanContext(1, 2),
        "parent": None,
        "kind": SpanKind.SERVER,
        "start_ns": 1,
        "end_ns": 2,
        "attributes": {},
        "events": [],
        "links": [],
        "status": trace.Status(),
        **fields,
    }
    counts = zip(("dropped_attributes", "dropped_events", "dropped_links"), dropped, strict=True)
    scope = trace.InstrumentationScope("") if scope is None else scope
    resource = Resource({"service.name": "shop"}) if resource is None else resource
    return SpanRecord(name=name, resource=resource, scope=scope, **given, **dict(counts))


def test_scope(memory):
    """Name and version win over attributes of the span, which win over the scope's own."""
    scope = trace.InstrumentationScope("shop", "1.2", "", (("team", "pay"), ("n", 1)))
    given = {"otel.scope.name": "odd", "n": 2}
    told = shown(record(scope=scope, attributes=given))["attributes"]["attribute_map"]
    assert {"otel.scope.name": "shop", "otel.scope.version": "1.2", "team": "pay", "n": 2} == told


def test_a_span_without_anything(memory):
    """What there is nothing of is absent."""
    assert {"trace_id", "span_id", "name", "start_time", "end_time", "kind"} == shown(record()).keys()


RESOURCE = {
    "service.name": "shop",
    "service.instance.id": "i",
    "host.name": "h",
    "process.pid": 7,
    "telemetry.sdk.version": "1.0",
    "telemetry.sdk.language": "python",
    "telemetry.sdk.name": "midspan",
    "cloud.provider": "gcp",
    "cloud.availability_zone": "z",
    "numbers": (1, 2),
    "none": None,
}


def test_who_sends(memory):
    """The node names service, host, process and library; what remains of the resource are its labels."""
    told = decode_spans(encode_spans([record(resource=Resource(RESOURCE))]))
    version = told["node"]["library_info"].pop("exporter_version")
    assert version
    assert {
        "identifier": {"host_name": "h", "pid": 7},
        "library_info": {"language": 8, "core_library_version": "1.0"},
        "service_info": {"name": "shop"},
    } == told["node"]
    labels = {"service.instance.id": "i", "telemetry.sdk.name": "midspan", "cloud.provider": "gcp"}
    labels |= {"cloud.zone": "z", "numbers": "[1,2]"}
    assert {"type": "cloud", "labels": labels} == told["resource"]


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"opencensus.resourcetype": "mine", "container.name": "c"}, "mine"),
        ({"container.name": "c", "k8s.pod.name": "p"}, "container"),
        ({"k8s.pod.name": "p", "cloud.provider": "aws"}, "k8s"),
        ({"a": "b"}, None),
    ],
)
def test_the_type_of_a_resource(memory, attributes, kind):
    """It is said, or shows from what is there."""
    told = decode_spans(encode_spans([record(resource=Resource(attributes))]))
    assert kind == told["resource"].get("type")


def test_a_resource_with_odd_values(memory):
    """What the node has no type for is a label; without a name it is an unknown service."""
    odd = {"process.pid": "7", "host.name": 5, "telemetry.sdk.language": "go", "telemetry.sdk.version": 1}
    told = decode_spans(encode_spans([record(resource=Resource(odd))]))
    assert ({"name": "unknown_service"}, {key: str(value) for key, value in odd.items()}) == (
        told["node"]["service_info"],
        told["resource"]["labels"],
    )


def test_resources_that_are_equal(memory):
    """They are one: the request says it once."""
    told = decode_spans(encode_spans([record(resource=Resource({"a": "b"})) for _ in range(2)]))
    assert (False, {"a": "b"}) == ("resource" in told["spans"][1], told["resource"]["labels"])


def test_several_resources(memory):
    """Each span names its own, all of it, in the order in which they came; the node names the library."""
    resources = [Resource({"service.name": name, "process.pid": 7}) for name in "ab"]
    told = decode_spans(encode_spans([record(resource=resources[n]) for n in (0, 1, 0)]))
    assert ({"library_info"}, False) == (told["node"].keys(), "resource" in told)
    assert ["a", "b", "a"] == [span["resource"]["labels"]["service.name"] for span in told["spans"]]
    assert {"7"} == {span["resource"]["labels"]["process.pid"] for span in told["spans"]}


def test_nothing_at_all():
    """A request without spans has a node all the same."""
    assert {"node"} == decode_spans(encode_spans([])).keys()
