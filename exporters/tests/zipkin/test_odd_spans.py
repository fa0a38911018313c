"""What a processor may leave on a span, or a look-alike may hold, costs itself and never its neighbours."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from exporters.tests.zipkin._decoder import decode_json, decode_protobuf
from midspan.exporters.zipkin import encode_json, encode_protobuf
from midspan.trace import Event, SpanContext, Status, StatusCode

FORMS = [(encode_json, decode_json), (encode_protobuf, decode_protobuf)]
pytestmark = pytest.mark.parametrize(("encode", "decode"), FORMS, ids=["json", "protobuf"])


def nested():
    """Return a list that is deeper than anybody reads."""
    value = "bottom"
    for _ in range(5_000):
        value = [value]
    return value


def cyclic():
    """Return a list that holds itself."""
    value = []
    value.append(value)
    return value


class Raising:
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


class Text(str):
    __slots__ = ()

    def encode(self, *args, **kwargs):
        raise RuntimeError("not today")


ODD_VALUES = {
    "a lone surrogate": ("a\ud800b", "a\\ud800b"),
    "a surrogate in a list": (["\udfff"], '["\\\\udfff"]'),
    "a set": ({1}, "[1]"),
    "an object": (Raising(), "<Raising that cannot be shown>"),
    "a text of its own type": (Text("text"), "text"),
    "an int as a key": ({1: 2}, '{"1":2}'),
    "a huge int in a list": ([2**70], f'["{2**70}"]'),
    "a bytearray": (bytearray(b"a"), "YQ=="),
}


@pytest.mark.parametrize("odd", ODD_VALUES.values(), ids=list(ODD_VALUES))
def test_an_odd_value_is_said_as_well_as_it_can_be(encode, decode, make_span, troubles, odd):
    """The other attribute of the span, and the spans around it, arrive untouched; the trouble is counted."""
    value, expected = odd
    spans = [make_span(attributes={"good": 1}) for _ in range(3)]
    spans[1].attributes["odd"] = value
    tags = [span["tags"] for span in decode(encode(spans))]
    assert ["1"] * 3 == [each["good"] for each in tags]
    assert [None, expected, None] == [each.get("odd") for each in tags]
    assert 1 == troubles()["encoding.odd_value"]


def test_a_huge_number_is_a_text_like_any_other(encode, decode, make_span, troubles):
    """Tags are texts: more than 64 bits are no trouble."""
    span = make_span()
    span.attributes["huge"] = 2**70
    assert (str(2**70), {}) == (decode(encode([span]))[0]["tags"]["huge"], troubles())


@pytest.mark.parametrize("value", [nested(), cyclic(), -(1 << 400_000)], ids=["deep", "cyclic", "digits"])
def test_a_value_without_end_is_cut(encode, decode, make_span, value):
    """Where it stands in a span, and where it stands in an event."""
    span = make_span(attributes={"good": 1})
    span.attributes["odd"] = value
    span._events = [Event("e", 5_000, {"odd": value})]
    payload = encode([span])
    (shown,) = decode(payload)
    assert ("1", 1, True) == (shown["tags"]["good"], len(shown["annotations"]), len(payload) < 300_000)


def test_the_deepest_value_that_is_sent_whole(encode, decode, make_span, troubles):
    """Thirty levels in an attribute of an event."""
    value = "bottom"
    for _ in range(30):
        value = [value]
    span = make_span()
    span._events = [Event("e", 5_000, {"deep": value})]
    ((_, text),) = decode(encode([span]))[0]["annotations"]
    assert ("bottom" in text, {}) == (True, troubles())


ODD_FIELDS = {
    "no name": ("name", None, "name", "None"),
    "a surrogate in the name": ("name", "\ud800", "name", "\\ud800"),
    "a kind that is none": ("kind", 200, "kind", None),
    "no end": ("end_ns", None, "duration", None),
    "an end that is a float": ("end_ns", 1.5, "duration", None),
    "a start beyond 64 bits": ("start_ns", 2**64, "timestamp", None),
    "an end before the start": ("end_ns", 1, "duration", None),
    "an object in the status": ("status", Status(StatusCode.ERROR, 5), "tags.error", "5"),
    "a status that is none": ("status", Status(17, "x"), "tags.error", None),
    "counts that are none": ("_dropped", [-1, "x", None], "tags.otel.dropped_events_count", None),
    "a parent that is none": ("parent", SpanContext(0, 0), "parent_id", None),
    "a parent beyond its width": ("parent", SpanContext(1, 2**64), "parent_id", None),
}


@pytest.mark.parametrize("odd", ODD_FIELDS.values(), ids=list(ODD_FIELDS))
def test_an_odd_field_does_not_cost_the_span(encode, decode, make_span, odd):
    """A field that cannot be sent is mended or left out; the rest of the span and its neighbours arrive."""
    field, value, where, expected = odd
    spans = [make_span(attributes={"good": 1}) for _ in range(3)]
    setattr(spans[1], field, value)
    shown = decode(encode(spans))
    assert ["1"] * 3 == [span["tags"]["good"] for span in shown]
    within = shown[1]["tags"] if where.startswith("tags.") else shown[1]
    assert expected == within.get(where.removeprefix("tags."))


def test_a_key_that_is_no_text(encode, decode, make_span):
    """It is sent as its text."""
    span = make_span()
    span._attributes = {1: "a", "\ud800": "b"}
    tags = decode(encode([span]))[0]["tags"]
    assert ("a", "b") == (tags["1"], tags["\\ud800"])


THINGS = [None, 5, object(), SimpleNamespace(context=None), SimpleNamespace(context=SpanContext(0, 0))]


@pytest.mark.parametrize("thing", THINGS)
def test_what_is_no_span_is_left_out_and_counted(encode, decode, make_span, troubles, thing):
    """Spans before and after it arrive."""
    names = [span["name"] for span in decode(encode([make_span("a"), thing, make_span("b")]))]
    assert (["a", "b"], 1) == (names, troubles()["zipkin.no_span"])


@pytest.mark.parametrize("ids", [(0, 1), (1, 0), (2**128, 1), (1, 2**64)])
def test_a_span_without_an_identity_is_left_out(encode, decode, make_span, troubles, ids):
    """Zipkin refuses a request for the sake of one id that is none: it costs that span alone."""
    spans = [make_span("a"), make_span("odd"), make_span("b")]
    spans[1]._trace_id, spans[1]._span_id = ids
    spans[1]._context = None
    names = [span["name"] for span in decode(encode(spans))]
    assert (["a", "b"], 1) == (names, troubles()["zipkin.no_span"])


def test_a_resource_or_scope_with_odd_values_does_not_cost_the_batch(encode, decode, make_span):
    """They are mended as spans are."""
    span = make_span()
    names = ["name", "context", "parent", "kind", "start_ns", "end_ns", "attributes", "events", "links"]
    names += ["status", "dropped_attributes", "dropped_events", "dropped_links"]
    like = SimpleNamespace(
        **{name: getattr(span, name) for name in names},
        resource=SimpleNamespace(attributes={"service.name": 7, "service.namespace": Raising()}),
        scope=SimpleNamespace(name="\ud800", version=1, attributes=(("s", {1}),)),
    )
    (shown,) = decode(encode([like]))
    assert ({"name": "7"}, "\\ud800", "1", "[1]") == (
        shown["local"],
        shown["tags"]["otel.scope.name"],
        shown["tags"]["otel.scope.version"],
        shown["tags"]["s"],
    )
