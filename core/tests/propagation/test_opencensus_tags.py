"""OpenCensus's tags in binary: what is written, what is read, what is neither."""

from __future__ import annotations

import base64

import pytest

from midspan import _trouble, baggage, testing
from midspan import context as _context
from midspan.context import Context
from midspan.propagation import by_name
from midspan.propagation.opencensus_tags import OpenCensusTags, decode, encode

SHOP = b"\0\0\x04user\x017\0\x04tier\x04gold"


class TestContract(testing.PropagatorContract):
    """The contract of propagators, but that the value is bytes."""

    carries_trace = False
    carries_baggage = True

    def make_propagator(self):
        return OpenCensusTags()

    def test_what_is_written_is_announced(self):
        """The one header that is written is the one that is announced, and has bytes."""
        headers = {}
        OpenCensusTags().inject(headers, Context(baggage={"k": "v"}))
        assert {"grpc-tags-bin": bytes} == {name: type(value) for name, value in headers.items()}
        assert list(headers) == list(OpenCensusTags.fields)


def test_what_is_written():
    """A version, then for each tag a field number, and name and value after their lengths."""
    assert SHOP == encode({"user": "7", "tier": "gold"})


def test_lengths_are_varints():
    """From 128 characters on, a length takes two bytes."""
    assert b"\0\0\x01k\x7f" + b"v" * 127 == encode({"k": "v" * 127})
    assert b"\0\0\x01k\x80\x01" + b"v" * 128 == encode({"k": "v" * 128})
    assert b"\0\0\x01k\xff\x01" + b"v" * 255 == encode({"k": "v" * 255})


@pytest.mark.parametrize(
    ("key", "value"),
    [("", "v"), ("k" * 256, "v"), ("k", "v" * 256), ("k", "\u00e9"), ("k", "a\nb"), ("k\x7f", "v")],
)
def test_what_can_be_no_tag_is_left_out(key, value):
    """Names and values that OpenCensus allows no tag to have are not sent, and counted; the others are."""
    assert SHOP == encode({"user": "7", key: value, "tier": "gold"})
    assert {"propagation.baggage_key": 1} == _trouble.counts()


def test_what_is_no_text_is_sent_as_text():
    """Baggage that somebody filled past the verbs."""
    assert encode({"k": "1"}) == encode({"k": 1})


def test_properties_are_not_sent():
    """A value with properties is sent without them."""
    assert encode({"k": "v"}) == encode({"k": baggage.Value("v", "ttl=30")})


@pytest.mark.parametrize(
    "many",
    [{f"k{number}": "v" for number in range(65)}, {f"k{number:02}": "v" * 250 for number in range(33)}],
    ids=["members", "bytes"],
)
def test_limits(many):
    """No more than 64 tags, and 8,192 characters, are written; one too many is counted and left out."""
    assert dict(list(many.items())[:-1]) == decode(encode(many))
    assert {"propagation.baggage_limit": 1} == _trouble.counts()


def _tag(name, value):
    return encode({name: value})[1:]


def test_limits_of_what_is_read():
    """No more than that is read either."""
    by_members = b"\0" + b"".join(_tag(f"k{number}", "v") for number in range(300))
    by_bytes = b"\0" + b"".join(_tag(f"k{number:02}", "v" * 250) for number in range(40))
    assert (64, 32) == (len(decode(by_members)), len(decode(by_bytes)))


@pytest.mark.parametrize(
    "data",
    [b"", b"\x01" + SHOP[1:], b"\0\x01\x01k\x01v", b"\0\0", b"\0\0\x04use", b"\0\0\x01k\x80", b"\0\0\x01k"],
    ids=["empty", "version 1", "field 1", "no name", "cut name", "cut length", "no value"],
)
def test_what_is_not_read(data):
    """Another version, another field, and what is cut off."""
    assert {} == decode(data)


@pytest.mark.parametrize("tail", [b"\x01\x02\x03", b"\0\x04cut", b"\0\xff\xff\xff\xff\x0fk", b"\0\x01k"])
def test_what_stands_before_the_spoilt(tail):
    """Tags that are whole are read; what follows them and is none ends the reading."""
    assert {"user": "7", "tier": "gold"} == decode(SHOP + tail)


@pytest.mark.parametrize(
    "odd", [b"\0\0\x01v", b"\0\x02k\n\x01v", b"\0\x01k\x01\xff", b"\0\x01k\xac\x02" + b"v" * 300]
)
def test_one_that_is_no_tag_is_skipped(odd):
    """A tag in due form with a name or a value that none may have is read over."""
    assert {"user": "7", "tier": "gold"} == decode(b"\0" + odd + SHOP[1:])


def test_the_last_of_a_name_counts():
    """As with baggage in its other formats."""
    assert {"k": "2"} == decode(b"\0" + _tag("k", "1") + _tag("k", "2"))


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("kind", [str, bytes])
def test_base64(padded, kind):
    """The form that gRPC's metadata has on the wire is read too, with and without its padding."""
    text = base64.b64encode(SHOP).decode()
    text = text if padded else text.rstrip("=")
    found = OpenCensusTags().extract(
        {"grpc-tags-bin": text if kind is str else text.encode()}, _context.EMPTY
    )
    assert {"user": "7", "tier": "gold"} == dict(found.baggage)


@pytest.mark.parametrize("value", [None, 7, "", b"", "A", "no base64!", ["x"], b"\xff\xfe"])
def test_what_is_no_header(value):
    """A value that is neither the bytes nor their base64 leaves the context as it is."""
    assert _context.EMPTY is OpenCensusTags().extract({"grpc-tags-bin": value}, _context.EMPTY)


def test_a_flood_is_cut():
    """Of megabytes no more is looked at than the limits allow."""
    flood = b"\0" + _tag("k", "v") * 1_000_000
    for value in (flood, bytearray(flood), base64.b64encode(flood).decode()):
        assert {"k": "v"} == OpenCensusTags().extract({"grpc-tags-bin": value}, _context.EMPTY).baggage


def test_it_adds_to_the_baggage_that_is_there():
    """What was there and what came; of the same name, what came."""
    before = _context.EMPTY.with_baggage({"tier": "none", "tenant": "acme"})
    after = OpenCensusTags().extract({"grpc-tags-bin": SHOP}, before)
    assert {"tier": "gold", "tenant": "acme", "user": "7"} == dict(after.baggage)


def test_nothing_is_written_without_a_tag():
    """No header where no baggage can be a tag."""
    headers = {}
    OpenCensusTags().inject(headers, Context(baggage={"k": "\n"}))
    assert {} == headers


def test_its_name():
    """`OTEL_PROPAGATORS` knows it, beside the format of OpenCensus's traces."""
    assert ("grpc-trace-bin", "grpc-tags-bin") == by_name(["opencensus-binary", "opencensus-tags"]).fields
