"""Where each concept lands: the rows of the table in docs/exporters.md, in both of Zipkin's forms."""

from __future__ import annotations

import pytest

from exporters.tests.zipkin._decoder import one_span
from midspan import sdk, testing, trace
from midspan.exporters.zipkin import encode_json, encode_protobuf
from midspan.trace import SpanContext, SpanKind, StatusCode

pytestmark = pytest.mark.parametrize("encode", [encode_json, encode_protobuf])

SCOPE = {
    "otel.scope.name": "shop.checkout",
    "otel.scope.version": "1.2.0",
    "otel.library.name": "shop.checkout",
    "otel.library.version": "1.2.0",
}


def tags_of(encode, span):
    """Return the tags of a span, without those that name its scope."""
    return {key: text for key, text in one_span(encode, span)["tags"].items() if key not in SCOPE}


def ended(make, **options):
    """Return an ended span of a pipeline that is configured for it."""
    memory = testing.MemoryExporter()
    sdk.configure(exporters=[memory], environment={}, **options)
    make()
    return memory.spans[-1]


def test_ids(encode, make_span):
    """Trace, span and parent have their own fields, all bits of them."""
    span = make_span(parent=SpanContext(2**127 + 1, 2**63 + 1, 1, is_remote=True))
    shown = one_span(encode, span)
    assert (2**127 + 1, 2**63 + 1, span.context.span_id) == (
        shown["trace_id"],
        shown["parent_id"],
        shown["id"],
    )


def test_a_root_has_no_parent(encode, make_span):
    """The field is absent, not zero."""
    assert "parent_id" not in one_span(encode, make_span())


def test_a_short_trace_id(encode, make_span):
    """One of 64 bits, as an old service began it, stays the same number."""
    assert one_span(encode, make_span(parent=SpanContext(0xABC, 0xDEF, 1)))["trace_id"] == 0xABC


def test_a_remote_parent_is_no_shared_span(encode, make_span):
    """A server's span has an id of its own, so nothing says `shared`."""
    span = make_span(parent=SpanContext(1, 2, 1, is_remote=True), kind=SpanKind.SERVER)
    shown = one_span(encode, span)
    assert (False, True) == (shown.get("shared", False), shown["id"] != 2)


def test_name(encode, make_span):
    """As it was written."""
    assert "Charge É" == one_span(encode, make_span("Charge É"))["name"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (SpanKind.INTERNAL, None),
        (SpanKind.SERVER, "SERVER"),
        (SpanKind.CLIENT, "CLIENT"),
        (SpanKind.PRODUCER, "PRODUCER"),
        (SpanKind.CONSUMER, "CONSUMER"),
    ],
)
def test_kind(encode, make_span, kind, expected):
    """Each has its name; an internal span has none."""
    assert expected == one_span(encode, make_span(kind=kind)).get("kind")


@pytest.mark.parametrize(
    ("start_ns", "end_ns", "expected"),
    [
        (1_700_000_000_000_001_999, 1_700_000_000_000_003_233, (1_700_000_000_000_001, 1)),
        (5_000, 5_000, (5, 1)),
        (5_000, 5_999, (5, 1)),
        (5_999, 9_000, (5, 3)),
        (999, 10_000, (None, 9)),
    ],
)
def test_times(encode, memory, start_ns, end_ns, expected):
    """Whole microseconds, cut; what took less than one took one."""
    span = trace.get_tracer("t").start_span("charge", start_ns=start_ns)
    span.end(end_ns)
    shown = one_span(encode, span)
    assert expected == (shown.get("timestamp"), shown["duration"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text é", "text é"),
        ("", ""),
        (True, "true"),
        (False, "false"),
        (-(2**63), "-9223372036854775808"),
        (1.5, "1.5"),
        (1e22, "1e+22"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (float("inf"), "Infinity"),
        (b"\xff\x00", "/wA="),
        (None, ""),
        (("a", 'b"', True, 1, 2.5), '["a","b\\"",true,1,2.5]'),
        (("é", None, b"\xff", float("nan")), '["é",null,"/w==","NaN"]'),
        ({"k": {"l": (1, b"a")}}, '{"k":{"l":[1,"YQ=="]}}'),
        ((), "[]"),
    ],
)
def test_attributes(encode, make_span, value, expected):
    """Each is a tag; what is no text is said as one, lists and maps as JSON."""
    assert {"key": expected} == tags_of(encode, make_span(attributes={"key": value}))


def test_a_status_that_nobody_set(encode, make_span):
    """Nothing is said of it."""
    assert {} == tags_of(encode, make_span())


def status(make_span, code, description="", **attributes):
    """Return a span that ended so."""
    span = make_span(attributes=attributes)
    span.status = trace.Status(code, description)
    return span


def test_an_error(encode, make_span):
    """Its description is the tag by which Zipkin takes a span for failed."""
    tags = tags_of(encode, status(make_span, StatusCode.ERROR, "card declined", error=True))
    assert {"otel.status_code": "ERROR", "error": "card declined"} == tags


@pytest.mark.parametrize("own", [{}, {"error": True}, {"error": "false"}])
def test_an_error_without_a_description(encode, make_span, own):
    """The tag is there all the same, and empty."""
    tags = tags_of(encode, status(make_span, StatusCode.ERROR, **own))
    assert {"otel.status_code": "ERROR", "error": ""} == tags


def test_an_error_that_an_attribute_describes(encode, make_span):
    """Where the status says nothing, the attribute's text is kept."""
    tags = tags_of(encode, status(make_span, StatusCode.ERROR, error="timeout"))
    assert {"otel.status_code": "ERROR", "error": "timeout"} == tags


def test_success(encode, make_span):
    """It is told, and no error."""
    assert {"otel.status_code": "OK"} == tags_of(encode, status(make_span, StatusCode.OK))


@pytest.mark.parametrize("value", [False, "false"])
def test_an_attribute_that_denies_an_error(encode, make_span, value):
    """It is left out, for Zipkin would take the span for failed."""
    assert {} == tags_of(encode, make_span(attributes={"error": value}))


def test_an_attribute_that_tells_an_error(encode, make_span):
    """It is kept, whatever the status."""
    assert {"error": "timeout"} == tags_of(encode, make_span(attributes={"error": "timeout"}))


def test_events(encode, memory):
    """Each is an annotation: its name, and its attributes as JSON behind it."""
    span = trace.get_tracer("t").start_span("charge")
    span.add_event("retry", timestamp_ns=7_999)
    span.add_event('a "b"', {"n": 1, "text": "é", "list": ["a"], "nan": float("nan")}, 8_000)
    span.end()
    expected = [(7, "retry"), (8, '"a \\"b\\"": {"n":1,"text":"é","list":["a"],"nan":"NaN"}')]
    assert expected == one_span(encode, span)["annotations"]


def test_an_event_at_no_time(encode, memory):
    """Zipkin refuses an annotation at 0, and the request with it: one microsecond it is."""
    span = trace.get_tracer("t").start_span("charge")
    span.add_event("begin", timestamp_ns=1)
    span.end()
    assert [(1, "begin")] == one_span(encode, span)["annotations"]


def test_a_service_name(encode, make_span):
    """It is the local endpoint's."""
    assert {"name": "shop"} == one_span(encode, make_span())["local"]


def test_an_unknown_service_name(encode):
    """The default of a resource stands in for it."""
    span = ended(lambda: trace.get_tracer("t").start_span("a").end())
    object.__setattr__(span.resource, "attributes", {})
    assert {"name": "unknown_service"} == one_span(encode, span)["local"]


def test_resource_attributes(encode):
    """Of the others only the service's namespace is sent, as a tag."""
    resource = {"service.name": "shop", "service.namespace": "eu", "host.name": "h"}
    span = ended(lambda: trace.get_tracer("").start_span("a").end(), resource=resource)
    tags = one_span(encode, span)["tags"]
    assert ("eu", None, None) == (
        tags.get("service.namespace"),
        tags.get("host.name"),
        tags.get("service.name"),
    )


def test_scope(encode, make_span):
    """Name and version are tags, under their names of today and of yesterday."""
    assert SCOPE == one_span(encode, make_span(attributes={"otel.scope.name": "other"}))["tags"]


def test_scope_attributes(encode, memory):
    """They are tags, unless the span has attributes of the same names."""
    tracer = trace.get_tracer("s", attributes={"a": 1, "b": True})
    span = tracer.start_span("charge", attributes={"a": 2})
    span.end()
    tags = one_span(encode, span)["tags"]
    assert ("2", "true") == (tags["a"], tags["b"])


def test_what_was_dropped(encode, make_span):
    """Counts are tags where they are not zero."""
    span = make_span()
    span._dropped = [1, 2, 3]
    expected = {
        "otel.dropped_attributes_count": "1",
        "otel.dropped_events_count": "2",
        "otel.dropped_links_count": "3",
    }
    assert expected == tags_of(encode, span)


def test_what_an_event_dropped(encode, make_span):
    """It is told with the event's attributes."""
    span = make_span()
    span._events = [trace.Event("retry", 5_000, {"n": 1}, 4)]
    expected = [(5, '"retry": {"n":1,"otel.dropped_attributes_count":4}')]
    assert expected == one_span(encode, span)["annotations"]


def test_debug(encode, make_span):
    """A trace that must be recorded, as B3's flag demands, is told to Zipkin as such."""
    parent = SpanContext(1, 2, 1, is_remote=True, is_debug=True)
    assert (True, False) == (
        one_span(encode, make_span(parent=parent))["debug"],
        "debug" in one_span(encode, make_span()),
    )


def test_links_and_trace_state(encode, make_span):
    """Zipkin has no place for them: a span with both is sent as one with neither."""
    state = trace.TraceState((("vendor", "x"),))
    with_both = make_span(parent=SpanContext(1, 2, 1, state), links=[trace.Link(SpanContext(3, 4))])
    without = make_span(parent=SpanContext(1, 2, 1))
    assert one_span(encode, without).keys() == one_span(encode, with_both).keys()


RANKS = [
    ({"peer.service": "billing"}, {"name": "billing"}),
    ({"server.address": "billing.example.org"}, {"name": "billing.example.org"}),
    ({"net.peer.name": "billing.example.net"}, {"name": "billing.example.net"}),
    (
        {"network.peer.address": "10.0.0.1", "network.peer.port": 8080},
        {"address": "10.0.0.1", "port": 8080},
    ),
    ({"server.socket.domain": "proxy.example.org"}, {"name": "proxy.example.org"}),
    (
        {"server.socket.address": "2001:db8::1", "server.socket.port": 1},
        {"address": "2001:db8::1", "port": 1},
    ),
    ({"net.sock.peer.name": "sock.example.org"}, {"name": "sock.example.org"}),
    (
        {"net.sock.peer.addr": "::ffff:1.2.3.4", "net.sock.peer.port": "65535"},
        {"address": "1.2.3.4", "port": 65535},
    ),
    ({"peer.hostname": "old.example.org"}, {"name": "old.example.org"}),
    ({"peer.address": "10.1.1.1:80"}, {"name": "10.1.1.1:80"}),
    ({"db.name": "orders"}, {"name": "orders"}),
]


@pytest.mark.parametrize("rank", range(len(RANKS)))
def test_the_remote_endpoint(encode, make_span, rank):
    """The first of its attributes that is there tells whom a span called."""
    attributes = {}
    for each, _ in reversed(RANKS[rank:]):
        attributes.update(each)
    assert (
        RANKS[rank][1] == one_span(encode, make_span(kind=SpanKind.CLIENT, attributes=attributes))["remote"]
    )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (SpanKind.CLIENT, {"name": "billing"}),
        (SpanKind.PRODUCER, {"name": "billing"}),
        (SpanKind.SERVER, None),
        (SpanKind.CONSUMER, None),
        (SpanKind.INTERNAL, None),
    ],
)
def test_who_has_a_remote_endpoint(encode, make_span, kind, expected):
    """Those who call; a server's `server.address` is its own."""
    span = make_span(kind=kind, attributes={"server.address": "billing"})
    assert expected == one_span(encode, span).get("remote")


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"network.peer.address": "/run/app.sock"}, {"name": "/run/app.sock"}),
        ({"network.peer.address": "10.0.0.1"}, {"address": "10.0.0.1"}),
        ({"network.peer.address": "fe80::1%eth0"}, {"address": "fe80::1"}),
        ({"network.peer.address": "10.0.0.1", "network.peer.port": 65_536}, {"address": "10.0.0.1"}),
        ({"network.peer.address": "10.0.0.1", "network.peer.port": -1}, {"address": "10.0.0.1"}),
        ({"network.peer.address": "10.0.0.1", "network.peer.port": "http"}, {"address": "10.0.0.1"}),
        ({"peer.service": "", "db.name": "orders"}, {"name": "orders"}),
        ({"peer.service": 5, "db.name": "orders"}, {"name": "orders"}),
        ({"peer.service": ("a",)}, None),
    ],
)
def test_an_odd_remote_endpoint(encode, make_span, attributes, expected):
    """What is no address is a name; what is no port, and no name, is none."""
    span = make_span(kind=SpanKind.CLIENT, attributes=attributes)
    assert expected == one_span(encode, span).get("remote")
