"""Spans that hold what cannot be sent: they cost themselves, and no other."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from exporters.tests.opencensus_agent._decoder import decode_spans
from midspan.exporters.opencensus_agent import encode_spans
from midspan.trace import SpanContext, Status


class Raising:
    """Raise whatever is asked of it."""

    def __getattr__(self, name):
        raise RuntimeError(name)


CYCLIC = []
CYCLIC.append(CYCLIC)
DEEP = "bottom"
for _ in range(200):
    DEEP = [DEEP]
ODD_VALUES = {
    "a huge number": 2**70,
    "a lone surrogate": "\ud800",
    "a set": {1},
    "an object": object(),
    "a list in itself": CYCLIC,
    "a deep list": DEEP,
}


@pytest.mark.parametrize("value", ODD_VALUES.values(), ids=list(ODD_VALUES))
def test_an_odd_value_does_not_cost_the_span(make_span, value):
    """It is told as a text, and so is what is beside it."""
    spans = [make_span(attributes={"good": 1}) for _ in range(3)]
    spans[1].attributes["odd"] = value
    told = [span["attributes"]["attribute_map"] for span in decode_spans(encode_spans(spans))["spans"]]
    assert ([1, 1, 1], str) == ([each["good"] for each in told], type(told[1]["odd"]))


ODD_FIELDS = {
    "a name that is no text": ("name", 5, lambda span: span["name"], "5"),
    "a kind that is none": ("kind", 99, lambda span: span.get("kind"), None),
    "a kind that cannot be looked up": ("kind", [], lambda span: span.get("kind"), None),
    "a time that is none": ("start_ns", -1, lambda span: span["start_time"], 0),
    "a time beyond 64 bits": ("end_ns", 2**64, lambda span: span["end_time"], 0),
    "no end": ("end_ns", None, lambda span: span["end_time"], 0),
    "a status that is none": ("status", Status(17, "x"), lambda span: span.get("status"), None),
    "counts that are none": ("_dropped", [-1, "x", None], lambda span: "links" in span, False),
    "a parent that is none": ("parent", SpanContext(0, 0), lambda span: "parent_span_id" in span, False),
}


@pytest.mark.parametrize(("field", "value", "look", "expected"), ODD_FIELDS.values(), ids=list(ODD_FIELDS))
def test_an_odd_field_does_not_cost_the_span(make_span, field, value, look, expected):
    """A field that cannot be sent is mended or left out; the rest of the span and its neighbours arrive."""
    spans = [make_span(attributes={"good": 1}) for _ in range(3)]
    setattr(spans[1], field, value)
    told = decode_spans(encode_spans(spans))["spans"]
    assert [1, 1, 1] == [span["attributes"]["attribute_map"]["good"] for span in told]
    assert expected == look(told[1])


THINGS = [None, 5, object(), Raising(), SimpleNamespace(context=None)]


@pytest.mark.parametrize("thing", THINGS, ids=range(len(THINGS)))
def test_what_is_no_span_is_left_out_and_counted(make_span, troubles, thing):
    """Spans before and after it arrive."""
    told = decode_spans(encode_spans([make_span("a"), thing, make_span("b")]))["spans"]
    assert (["a", "b"], 1) == ([span["name"] for span in told], troubles()["opencensus_agent.no_span"])


@pytest.mark.parametrize("ids", [(0, 1), (1, 0), (2**128, 1), (1, 2**64)])
def test_a_span_without_an_identity_is_left_out(make_span, troubles, ids):
    """OpenCensus requires both ids, and one of zeroes is none."""
    span = make_span("odd")
    span._trace_id, span._span_id = ids
    span._context = None
    told = decode_spans(encode_spans([span, make_span("b")]))["spans"]
    assert (["b"], 1) == ([span["name"] for span in told], troubles()["opencensus_agent.no_span"])


def test_counts_beyond_what_opencensus_has(make_span, troubles):
    """They are told as the largest that it has, and counted."""
    span = make_span()
    span._dropped = [2**32 - 1, 0, 0]
    (told,) = decode_spans(encode_spans([span]))["spans"]
    assert (2**31 - 1, 1) == (
        told["attributes"]["dropped_attributes_count"],
        troubles()["encoding.odd_number"],
    )


NAMES = ["name", "context", "parent", "kind", "start_ns", "end_ns", "attributes", "events", "links", "status"]
NAMES += ["dropped_attributes", "dropped_events", "dropped_links"]


class Homeless(SimpleNamespace):
    """A span that does not say what runs."""

    @property
    def resource(self):
        """Raise."""
        raise RuntimeError


def test_a_span_whose_resource_raises(make_span, troubles):
    """It is left out and counted; the others arrive."""
    span = make_span("a")
    like = Homeless(**{name: getattr(span, name) for name in NAMES}, scope=span.scope)
    told = decode_spans(encode_spans([like, make_span("b")]))["spans"]
    assert (["b"], 1) == ([span["name"] for span in told], troubles()["opencensus_agent.no_span"])


ORIGINS = [None, 5, Raising(), SimpleNamespace(attributes=5, name=Raising())]


@pytest.mark.parametrize("origin", ORIGINS, ids=range(len(ORIGINS)))
def test_a_resource_or_a_scope_that_is_none_does_not_cost_the_span(make_span, origin):
    """What can be told of it is told."""
    span = make_span()
    like = SimpleNamespace(**{name: getattr(span, name) for name in NAMES}, resource=origin, scope=origin)
    told = decode_spans(encode_spans([like]))
    assert ("charge", "unknown_service") == (told["spans"][0]["name"], told["node"]["service_info"]["name"])
