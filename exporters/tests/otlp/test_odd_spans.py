"""What a processor may leave on a span, or a look-alike may hold, costs itself and never its neighbours."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from exporters.tests._oracle import decode, shown_span
from midspan.exporters.otlp import encode_spans
from midspan.trace import SpanContext, Status


class Unshowable:
    def __str__(self) -> str:
        message = "no text"
        raise RuntimeError(message)

    __repr__ = __str__


class Text(str):
    __slots__ = ()

    def encode(self, *args: Any, **kwargs: Any) -> bytes:
        message = "not today"
        raise RuntimeError(message)


class Number(int):
    pass


class BadMapping(dict):
    def items(self) -> Any:
        message = "no items"
        raise RuntimeError(message)


def nested(depth: int) -> Any:
    """Return a map in a list in a map and so on."""
    value: Any = "bottom"
    for _ in range(depth):
        value = {"k": [value]}
    return value


def cyclic() -> list[Any]:
    """Return a list that holds itself twice."""
    value: list[Any] = []
    value += [value, value]
    return value


def laughs() -> list[Any]:
    """Return a list that holds 2**25 items in all, and takes a few hundred bytes."""
    value: list[Any] = ["ha"]
    for _ in range(25):
        value = [value, value]
    return value


ODD_VALUES = {
    "huge int": (2**63, ("str", repr(str(2**63)))),
    "huge negative int": (-(2**63) - 1, ("str", repr(str(-(2**63) - 1)))),
    "a lone surrogate": ("a\ud800b", ("str", repr("a\\ud800b"))),
    "a surrogate in a list": (["\udfff"], ["list", ("str", repr("\\udfff"))]),
    "a surrogate in a key": ({"\udfff": 1}, ["map", ("\\udfff", ("int", "1"))]),
    "a type derived from str": (Text("text"), ("str", "'text'")),
    "a type derived from int": (Number(5), ("int", "5")),
    "a set": ({1}, ["list", ("int", "1")]),
    "a bytearray": (bytearray(b"ab"), ("bytes", "b'ab'")),
    "an int as a key": ({1: 2}, ["map", ("1", ("int", "2"))]),
    "an object without a text": (Unshowable(), ("str", "'<Unshowable that cannot be shown>'")),
    "a mapping that raises": (BadMapping(a=1), ("str", "'<BadMapping>'")),
    "a set of every primitive": (
        {"set": {1.5}, "more": {Number(2**80)}, "bytes": {b"x"}, "yes": {True}, "none": {None}},
        [
            "map",
            ("set", ["list", ("float", "1.5")]),
            ("more", ["list", ("str", repr(str(2**80)))]),
            ("bytes", ["list", ("bytes", "b'x'")]),
            ("yes", ["list", ("bool", "True")]),
            ("none", ["list", None]),
        ],
    ),
    "an int of a million digits": (-(1 << 4_000_000), ("str", repr("-0x1" + "0" * 65_532))),
}


@pytest.mark.parametrize(("value", "expected"), ODD_VALUES.values(), ids=list(ODD_VALUES))
def test_an_odd_value_is_said_as_well_as_it_can_be(make_span, troubles, value, expected):
    """The other attribute of the span, and the spans around it, arrive untouched; the trouble is counted."""
    spans = [make_span(attributes={"good": 1}) for _ in range(3)]
    spans[1].attributes["odd"] = value
    shown = [shown_span(each.span)["attributes"] for each in decode(encode_spans(spans))]
    good = ("good", ("int", "1"))
    assert [[good], [good, ("odd", expected)], [good]] == shown
    assert 1 <= troubles()["encoding.odd_value"]


@pytest.mark.parametrize("value", [nested(200), cyclic(), laughs()], ids=["deep", "cyclic", "laughs"])
def test_a_value_without_end_is_cut(make_span, troubles, value):
    """What is too deep or too much is cut where a decoder still accepts it, soon."""
    span = make_span(attributes={"good": 1})
    span.attributes["odd"] = value
    (decoded,) = decode(payload := encode_spans([span]))
    assert [("good", ("int", "1"))] == shown_span(decoded.span)["attributes"][:1]
    assert ({"encoding.odd_value": 1}, True) == (troubles(), len(payload) < 20_000)


@pytest.mark.parametrize("make", [lambda value: {"k": value}, lambda value: [value]], ids=["maps", "lists"])
def test_the_deepest_value_that_is_sent_whole_can_be_decoded(make_span, troubles, make):
    """Thirty levels in an attribute of an event are within what protobuf's runtime accepts."""
    value = "bottom"
    for _ in range(30):
        value = make(value)
    span = make_span(attributes={"good": 1})
    span._events = [
        SimpleNamespace(name="e", timestamp_ns=1, attributes={"deep": value}, dropped_attributes=0)
    ]
    (decoded,) = decode(encode_spans([span]))
    assert ({}, True) == (troubles(), "bottom" in repr(shown_span(decoded.span)["events"]))


ODD_FIELDS = {
    "no name": ("name", None, "name", "None"),
    "a number for a name": ("name", 5, "name", "5"),
    "a surrogate in the name": ("name", "\ud800", "name", "\\ud800"),
    "no kind": ("kind", None, "kind", 0),
    "a kind that is none": ("kind", 200, "kind", 0),
    "a text for a kind": ("kind", "server", "kind", 0),
    "no end": ("end_ns", None, "end_ns", 0),
    "an end before 1970": ("end_ns", -5, "end_ns", 0),
    "an end that is a float": ("end_ns", 1.5, "end_ns", 0),
    "an end beyond 64 bits": ("end_ns", 2**64, "end_ns", 0),
    "a status that is none": ("status", Status(17, "x"), "status", (0, "")),  # type: ignore[arg-type]
    "a surrogate in the status": ("status", Status(2, "\ud800"), "status", (2, "\\ud800")),  # type: ignore[arg-type]
    "an object in the status": ("status", Status(2, 5), "status", (2, "5")),  # type: ignore[arg-type]
    "an id beyond its width": ("_span_id", 2**64, "span_id", 0),
}


@pytest.mark.parametrize("odd", ODD_FIELDS.values(), ids=list(ODD_FIELDS))
def test_an_odd_field_does_not_cost_the_span(make_span, troubles, odd):
    """A field that cannot be sent is replaced; the rest of the span and its neighbours arrive."""
    field, value, shown_as, expected = odd
    spans = [make_span(attributes={"good": 1}) for _ in range(3)]
    setattr(spans[1], field, value)
    spans[1]._context = None
    shown = [shown_span(each.span) for each in decode(encode_spans(spans))]
    assert [[("good", ("int", "1"))]] * 3 == [each["attributes"] for each in shown]
    assert expected == shown[1][shown_as]
    assert set(troubles()) & {"encoding.odd_text", "encoding.odd_number"}


def test_an_odd_key_does_not_cost_the_attribute(make_span, troubles):
    """A key that is no text is sent as its text."""
    span = make_span()
    span._attributes = {1: "a", b"x": "b", "\ud800": "c"}
    shown = shown_span(decode(encode_spans([span]))[0].span)
    assert ["1", "b'x'", "\\ud800"] == [key for key, _ in shown["attributes"]]
    assert 3 == troubles()["encoding.odd_text"]


def test_attributes_that_cannot_be_read_do_not_cost_the_span(make_span, troubles):
    """A mapping of somebody's own that raises leaves a span without attributes."""
    span = make_span("charge")
    span._attributes = BadMapping(a=1)
    shown = shown_span(decode(encode_spans([span]))[0].span)
    assert ("charge", [], 1) == (shown["name"], shown["attributes"], troubles()["encoding.odd_attributes"])


def test_an_odd_value_in_an_event_or_a_link_does_not_cost_it(make_span):
    """Events and links are mended as their span is."""
    span = make_span(links=[])
    context = SpanContext(1, 2)
    span._events = [
        SimpleNamespace(name=None, timestamp_ns="now", attributes={"e": {1}}, dropped_attributes=-1)
    ]
    span._links = [SimpleNamespace(context=context, attributes={"l": 2**70}, dropped_attributes=0)]
    shown = shown_span(decode(encode_spans([span]))[0].span)
    assert [["None", 0, [("e", ["list", ("int", "1")])], 0]] == shown["events"]
    assert [("l", ("str", repr(str(2**70))))] == shown["links"][0][4]


@pytest.mark.parametrize("thing", [None, 5, "span", object(), SimpleNamespace(context=None)])
def test_what_is_no_span_is_left_out_and_counted(make_span, troubles, thing):
    """Spans before and after it arrive."""
    decoded = decode(encode_spans([make_span("a"), thing, make_span("b")]))
    assert (["a", "b"], 1) == ([each.span.name for each in decoded], troubles()["encoding.no_span"])


def test_a_resource_or_scope_with_odd_values_does_not_cost_the_batch(make_span):
    """They are mended as spans are."""
    names = [
        "name",
        "context",
        "parent",
        "kind",
        "start_ns",
        "end_ns",
        "attributes",
        "events",
        "links",
        "status",
    ]
    span = make_span()
    like = SimpleNamespace(
        **{name: getattr(span, name) for name in names},
        resource=SimpleNamespace(attributes={"r": 2**70}, schema_url=7),
        scope=SimpleNamespace(name=None, version=b"1", schema_url="\ud800", attributes=(("s", {1}),)),
    )
    (decoded,) = decode(encode_spans([like]))
    assert ("7", "", "b'1'", "\\ud800") == (
        decoded.resource_schema_url,
        decoded.scope.name,
        decoded.scope.version,
        decoded.scope_schema_url,
    )
