"""What a processor may leave on a span, or a look-alike may hold, costs itself and never its neighbours."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from exporters.tests.jaeger._oracle import batch_of_call, shown_span
from midspan.exporters.jaeger._encoding import for_agent
from midspan.exporters.jaeger._frames import split


def sent(*spans):
    """Return spans as they arrive."""
    frames = split(for_agent().encode(spans))
    return [shown_span(span) for frame in frames for span in batch_of_call(frame.message).spans]


ODD = {
    "a number of more than 64 bits": (2**63, ("str", repr(str(2**63)))),
    "a lone surrogate": ("a\ud800b", ("str", repr("a\\ud800b"))),
    "a surrogate in a list": (["\udfff"], ("str", repr('["\\\\udfff"]'))),
    "a set": ({1}, ("str", "'[1]'")),
    "a bytearray": (bytearray(b"ab"), ("bytes", "b'ab'")),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_value_is_replaced_by_what_can_be_said_of_it(make_span, troubles, name):
    """It is counted, and all else about the span arrives, as do the spans around it."""
    value, expected = ODD[name]
    span = make_span("odd")
    span.attributes.update(good=1, odd=value)
    first, odd, last = sent(make_span("first"), span, make_span("last"))
    assert ("first", "odd", "last") == (first["name"], odd["name"], last["name"])
    assert (expected, ("int", "1")) == (odd["tags"]["odd"], odd["tags"]["good"])
    assert 1 <= sum(count for cause, count in troubles().items() if cause.startswith("encoding.odd"))


def test_what_is_no_span_is_lost_alone(make_span, troubles):
    """Whatever it is; it is counted."""
    spans = [make_span("a"), None, 5, SimpleNamespace(context=None), make_span("b")]
    assert ["a", "b"] == [span["name"] for span in sent(*spans)]
    assert 3 == troubles()["jaeger.no_span"]


def test_nothing_to_send_is_nothing():
    """No message comes of no spans."""
    assert b"" == for_agent().encode([])


def test_ids_that_cannot_be_are_0(make_span):
    """As every exporter has it: the span arrives, and can be found by its name."""
    real = make_span("a")

    class Odd:
        context = real.context._replace(trace_id=1 << 128, span_id=-1)

        def __getattr__(self, name):
            return getattr(real, name)

    (span,) = sent(Odd())
    assert (0, 0, "a") == (span["trace_id"], span["span_id"], span["name"])
