"""W3C Baggage: the grammar, percent-encoding, properties and limits; and its old name."""

from __future__ import annotations

import pytest

from midspan import _trouble, baggage, propagation
from midspan import context as _context
from midspan.context import Context
from midspan.propagation.correlation_context import CorrelationContext
from midspan.propagation.tracecontext import TraceContext
from midspan.propagation.w3c_baggage import Baggage

both_ways = pytest.mark.parametrize(
    "propagator",
    [Baggage(), propagation.Composite([TraceContext(), Baggage()])],
    ids=["alone", "with trace context"],
)


class Awkward:
    """A value whose text cannot be had."""

    def __str__(self):
        raise RuntimeError("no text")


def read(header, before=_context.EMPTY):
    """Return what baggage a header adds to a context."""
    return dict(Baggage().extract({"baggage": header}, before).baggage)


def written(items):
    """Return the header for some baggage."""
    headers = {}
    Baggage().inject(headers, Context(baggage=items))
    return headers.get("baggage")


@both_ways
@pytest.mark.parametrize("header", ["k=v,k2=v2", "k=v;ttl=30", "k=a%20b", " k = v "])
def test_baggage_needs_no_span(propagator, header):
    """It is read where there is no trace context, and written where there is no span."""
    context = propagator.extract({"baggage": header}, _context.EMPTY)
    headers = {}
    propagator.inject(headers, context)
    assert (None, True) == (context.span, dict(context.baggage) == read(headers["baggage"]))


@both_ways
def test_simple_baggage_goes_out_as_it_came(propagator):
    """What there is nothing to change about is not written anew."""
    header = "tier=gold,user=u-17"
    headers = {}
    propagator.inject(headers, propagator.extract({"baggage": header}, _context.EMPTY))
    assert header is headers["baggage"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("k=v", {"k": "v"}),
        ("k=", {"k": ""}),
        ("a=1,b=2", {"a": "1", "b": "2"}),
        ("a=1 , b = 2\t", {"a": "1", "b": "2"}),
        ("a=1,,b=2", {"a": "1", "b": "2"}),
        ("a=x=y=z", {"a": "x=y=z"}),
        ("a=1;p;q=2", {"a": "1"}),
        ("a=%20%2C%3B%3D", {"a": " ,;="}),
        ("a=%E2%82%AC", {"a": "\u20ac"}),
        ("a=%ff%zz%", {"a": "\ufffd%zz%"}),
        ("a=b+c", {"a": "b+c"}),
        ("a%20b=1", {"a%20b": "1"}),
        ("a=1,a=2", {"a": "2"}),
        ("user.id=http://x/?y", {"user.id": "http://x/?y"}),
    ],
)
def test_members_are_read(header, expected):
    """Values are percent-decoded as UTF-8, keys are not; a plus sign is one; the last of a key counts."""
    assert expected == read(header)


@pytest.mark.parametrize(
    "header",
    ["", ",", "k", "=v", "=", ";", "k k=v", "(=v", "\u00e9=v", "k\n=v", "\x00=1", '"=1', "@=1", "k:x=1"],
)
def test_what_is_no_member_is_skipped(header):
    """A key is a token of HTTP; anything else is not baggage, and the good members beside it still count."""
    assert ({}, {"good": "1"}) == (read(header), read(f"{header},good=1"))


def test_properties_are_kept():
    """They ride on the value, which is otherwise an ordinary string."""
    value = read("k=v ; ttl=30;private ,b=2")["k"]
    assert ("v", "ttl=30;private") == (value, value.properties)


def test_properties_are_sent_on():
    """What came with properties goes on with them."""
    assert "k=v;ttl=30,b=2" == written({"k": baggage.Value("v", "ttl=30"), "b": "2"})


@pytest.mark.parametrize("properties", ["a,b", "a\r\nX-Evil: 1", "\u00e9"])
def test_properties_that_would_break_the_header_are_left_out(properties):
    """The value still goes, and the trouble is counted."""
    assert ("k=v", 1) == (
        written({"k": baggage.Value("v", properties)}),
        _trouble.counts()["propagation.baggage_key"],
    )


@pytest.mark.parametrize(
    ("items", "header"),
    [
        ({"k": "v"}, "k=v"),
        ({"k": ""}, "k="),
        ({"k": "a b"}, "k=a%20b"),
        ({"k": "a,b;c=d"}, "k=a%2Cb%3Bc=d"),
        ({"k": "100%"}, "k=100%25"),
        ({"k": 'q"\\'}, "k=q%22%5C"),
        ({"k": "\u20ac"}, "k=%E2%82%AC"),
        ({"k": "a\r\nX-Evil: 1"}, "k=a%0D%0AX-Evil:%201"),
        ({"k": "\ud800"}, "k=%3F"),
        ({"k": 5, "t": True}, "k=5,t=True"),
        ({5: "v"}, "5=v"),
        ({"a": "1,b=2"}, "a=1%2Cb=2"),
        ({"a": "1=2"}, "a=1=2"),
        ({"k": Awkward()}, "k=<Awkward%20that%20cannot%20be%20shown>"),
    ],
)
def test_values_are_encoded(items, header):
    """Whatever a value is, it stays in its place in the header."""
    assert header == written(items)


@pytest.mark.parametrize("key", ["", "a b", "a=b", "a,b", "a=1,b", "\u00e9", "a\r\n", "a;b", Awkward()])
def test_a_key_that_is_no_token_is_not_sent(key):
    """The standard has no encoding for keys; it is left out, counted, and the rest goes."""
    assert ("good=1", 1) == (
        written({key: "v", "good": "1"}),
        _trouble.counts()["propagation.baggage_key"],
    )


def test_empty_baggage_makes_no_header():
    """Nothing to say, nothing said."""
    assert (None, None) == (written({}), written({"a b": "never sent"}))


def test_64_members_are_sent():
    """The limit of the standard is kept, with the first members; the loss is counted."""
    header = written({f"k{i}": "v" for i in range(70)})
    assert (64, 6) == (header.count("=v"), _trouble.counts()["propagation.baggage_limit"])


def test_8192_bytes_are_sent():
    """A member that does not fit is left out whole; smaller ones after it still go."""
    header = written({"a": "x" * 8_000, "b": "y" * 500, "c": "z"})
    assert ("a=" + "x" * 8_000 + ",c=z", 1) == (header, _trouble.counts()["propagation.baggage_limit"])


def test_a_header_of_exactly_8192_bytes_is_sent():
    """The limit itself is allowed."""
    assert (8_192, None) == (len(written({"k": "x" * 8_190})), written({"k": "x" * 8_191}))


def test_64_members_are_read():
    """What is beyond the limit is not kept."""
    assert [f"k{i}" for i in range(64)] == list(read(",".join(f"k{i}=v" for i in range(70))))


def test_of_a_long_header_whole_members_are_read():
    """A member that crosses the 8,192nd byte is no member."""
    assert {"a": "x" * 8_000} == read("a=" + "x" * 8_000 + ",b=" + "y" * 500 + ",c=z")


def test_one_member_beyond_the_limit_is_none():
    """There is nothing whole in it."""
    assert {} == read("a=" + "x" * 10_000)


def test_looking_for_members_ends():
    """After 256 places that hold none, a header is given up."""
    assert ({"k": "v"}, {}) == (read("," * 255 + "k=v"), read("," * 256 + "k=v"))


def test_several_headers_are_one_list():
    """A list may be split into several headers."""
    context = Baggage().extract([("baggage", "a=1"), ("Baggage", "b=2")], _context.EMPTY)
    assert {"a": "1", "b": "2"} == dict(context.baggage)


@both_ways
def test_what_arrives_is_added(propagator):
    """Baggage that is there already stays, unless the header says otherwise."""
    before = Context(baggage={"a": "old", "b": "old"})
    after = propagator.extract({"baggage": "b=new,c=new"}, before)
    assert ({"a": "old", "b": "new", "c": "new"}, {"a": "old", "b": "old"}) == (
        dict(after.baggage),
        dict(before.baggage),
    )


@both_ways
@pytest.mark.parametrize("value", ["", None, 5, [], [5], "junk", {}])
def test_nothing_found_changes_nothing(propagator, value):
    """The context that was given comes back, the very object."""
    before = Context(baggage={"a": "1"})
    assert before is propagator.extract({"baggage": value}, before)


@both_ways
@pytest.mark.parametrize("value", [5, [], [5]])
def test_baggage_that_is_no_text_does_not_hide_the_span(propagator, value):
    """Each header counts by itself."""
    headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "baggage": value, "tracestate": "a=1"}
    context = propagation.Composite([TraceContext(), propagator]).extract(headers, _context.EMPTY)
    assert ({}, True) == (dict(context.baggage), context.span.context.is_valid)


def test_changed_baggage_is_written_anew():
    """What was received is not sent in the place of what was made of it."""
    received = Baggage().extract({"baggage": "a=1"}, _context.EMPTY)
    headers = {}
    Baggage().inject(headers, baggage.set_baggage("b", "2", received))
    assert "a=1,b=2" == headers["baggage"]


def test_the_old_name_carries_the_same():
    """`Correlation-Context` is baggage under the name of its drafts."""
    context = CorrelationContext().extract({"Correlation-Context": "a=%20;p=1,b=2"}, _context.EMPTY)
    headers = {}
    CorrelationContext().inject(headers, context)
    assert {"correlation-context": "a=%20;p=1,b=2"} == headers
