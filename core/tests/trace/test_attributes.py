"""What becomes of the attributes that an application sets, however odd."""

from __future__ import annotations

import datetime as dt
import enum
import math
import uuid

import pytest

from midspan import _trouble, sdk, trace
from midspan.trace._attributes import clean_attributes, clean_key, clean_value


class Unprintable:
    """Raises when it is asked for its text."""

    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


class Text(str):
    """A str of the application's own kind, which shows itself otherwise than it is."""

    __slots__ = ()

    def __str__(self) -> str:
        return Text("derived")


class Named:
    """Has a text of a derived type."""

    def __str__(self) -> str:
        return Text("plain")


class Level(enum.Enum):
    LOW = 1


class Colour(enum.IntEnum):
    RED = 3


class Array:
    """Compares like numpy's arrays: element by element, and no truth in the result."""

    def __eq__(self, other: object) -> bool:
        raise ValueError

    __hash__ = object.__hash__

    def __str__(self) -> str:
        return "[1 2]"


class Scalar:
    """A number of numpy's, as far as its type and `item` tell."""

    __module__ = "numpy"

    def item(self) -> int:
        return 7


class Broken(dict):
    """A mapping that fails half-way."""

    def items(self):
        yield "good", 1
        raise OSError


def cyclic() -> list:
    """Return a list that holds itself, twice."""
    ring: list = []
    ring.extend([ring, ring])
    return ring


def exactly(value: object) -> tuple:
    """Return a value with its types, for `True == 1`."""
    if isinstance(value, tuple):
        return tuple(map(exactly, value))
    return type(value), value


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        ("text", "text"),
        (True, True),
        (7, 7),
        (1.5, 1.5),
        (b"bytes", b"bytes"),
        (None, None),
        (["a", 1], ("a", 1)),
        ((), ()),
        ({"k": [1]}, {"k": (1,)}),
        ({1: "v"}, {"1": "v"}),
        (range(3), (0, 1, 2)),
        (bytearray(b"b"), b"b"),
        (memoryview(b"m"), b"m"),
        (Text("t"), "t"),
        (Colour.RED, 3),
        (Level.LOW, "Level.LOW"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (dt.date(2020, 1, 2), "2020-01-02"),
        (Scalar(), 7),
        (Named(), "plain"),
        ([1 << 63], ("9223372036854775808",)),
        ([-(1 << 63)], (-(1 << 63),)),
        ([10**5000], (hex(10**5000),)),
    ],
)
def test_a_value_becomes_one_that_every_exporter_can_send(value, cleaned):
    """Primitives stay, sequences become tuples, keys become text, and any other type its text."""
    result = clean_value(value, 10_000)
    assert exactly(cleaned) == exactly(result)


def test_a_set_becomes_a_tuple():
    """The members of a set are kept, in whatever order."""
    assert (1, 2, 3) == tuple(sorted(clean_value({3, 1, 2}, 10)))


@pytest.mark.parametrize(
    ("value", "cut"), [("abcd", "abc"), (b"abcd", b"abc"), (["abcd"], ("abc",)), ({"abcd": 1}, {"abc": 1})]
)
def test_what_is_too_long_is_cut(value, cut):
    """Text and bytes past the limit are cut wherever they stand, and the cut is counted."""
    assert (cut, 1) == (clean_value(value, 3), _trouble.counts()["attributes.value_cut"])


@pytest.mark.parametrize("value", [Unprintable(), [Unprintable()], {Unprintable(): 1}])
def test_what_cannot_be_shown_is_named_by_its_type(value):
    """A value whose `__str__` raises is described, and nothing is raised."""
    assert "Unprintable that cannot be shown" in repr(clean_value(value, 100))


def test_a_mapping_that_fails_inside_a_value_is_named_by_its_type():
    """A foreign type that raises from its own methods costs that value alone."""
    assert ("<Broken>", 1) == (clean_value(Broken(), 100), _trouble.counts()["attributes.bad_value"])


def test_a_cycle_ends():
    """A list that holds itself twice is cut off by the number of its items, at once."""
    clean_value(cyclic(), 100)
    assert _trouble.counts()["attributes.too_many_items"] > 0


def test_nesting_ends():
    """What is nested deeper than 64 levels is replaced by dots."""
    value: list = ["core"]
    for _ in range(64):
        value = [value]
    assert (True, 1) == ("'...'" in repr(clean_value(value, 10)), _trouble.counts()["attributes.too_deep"])


def test_63_levels_of_nesting_pass():
    """What is within the limit is kept to its core."""
    value: list = ["core"]
    for _ in range(63):
        value = [value]
    assert "'core'" in repr(clean_value(value, 10))


def test_the_items_of_one_value_are_bounded():
    """A value keeps its first 65,536 items."""
    assert 65_536 == len(clean_value(range(10**12), 10))


@pytest.mark.parametrize(
    ("key", "cleaned"),
    [
        ("k", "k"),
        (b"k", "k"),
        (b"\xff", "\ufffd"),
        (7, "7"),
        (Text("k"), "k"),
        (Array(), "[1 2]"),
        (Named(), "plain"),
    ],
)
def test_a_key_becomes_text(key, cleaned):
    """A key of any type is called by its text, of the exact type str."""
    assert exactly(cleaned) == exactly(clean_key(key))


@pytest.mark.parametrize("key", ["", None, b"", Text("")])
def test_a_key_without_text_is_dropped(key):
    """There is nothing to call such an attribute by: it is dropped and counted."""
    assert (None, 1) == (clean_key(key), _trouble.counts()["attributes.bad_key"])


def test_the_first_attributes_are_kept():
    """Attributes past the limit are dropped, with their number."""
    assert ({"a": 1, "b": 2}, 1) == clean_attributes({"a": 1, "b": 2, "c": 3}, 2, 10)


def test_attributes_are_copied():
    """What the application does to its dictionary afterwards does not reach the span."""
    given = {"a": 1}
    cleaned, _ = clean_attributes(given, 10, 10)
    given["a"] = 2
    assert {"a": 1} == cleaned


def test_a_key_that_was_mended_counts_once():
    """Two keys with the same text are one attribute: the later value stands."""
    assert ({"1": "b"}, 0) == clean_attributes({1: "a", "1": "b"}, 1, 10)


def test_a_bad_key_costs_one_attribute():
    """The others are kept, and the loss is part of the dropped count."""
    assert ({"a": 1}, 1) == clean_attributes({"": 0, "a": 1}, 10, 10)


@pytest.mark.parametrize(("attributes", "kept"), [(Broken(), {"good": 1}), (5, {}), ([1], {})])
def test_attributes_that_cannot_be_read_are_reported(attributes, kept):
    """What is no mapping, or fails half-way, keeps what could be read and raises nothing."""
    assert kept == clean_attributes(attributes, 10, 10)[0]
    assert 1 == _trouble.counts()["attributes.unreadable"]


def test_odd_numbers_are_numbers():
    """NaN and infinity are numbers to OTLP, so they pass."""
    attributes, _ = clean_attributes({"nan": math.nan, "inf": math.inf}, 10, 10)
    assert (True, math.inf) == (math.isnan(attributes["nan"]), attributes["inf"])


def test_attributes_of_a_span(tracer, memory):
    """Attributes given at the start, one by one and together end up on the span; the last value stands."""
    with tracer.start_as_current_span("s", attributes={"a": 1, "b": [1]}) as span:
        span.set_attribute("a", 2)
        span.set_attribute("c", {"d"})
        span.set_attributes({"e": 5, "f": 6})
    assert {"a": 2, "b": (1,), "c": ("d",), "e": 5, "f": 6} == memory.spans[0].attributes


@pytest.mark.parametrize("attributes", [None, 5, Broken()])
def test_setting_what_is_no_mapping_raises_nothing(tracer, attributes):
    """`set_attributes` reports what it cannot read."""
    tracer.start_span("s").set_attributes(attributes)
    assert 1 == _trouble.counts()["attributes.unreadable"]


def test_setting_an_attribute_without_a_key_is_counted_on_the_span(tracer):
    """The span says that an attribute is missing."""
    span = tracer.start_span("s")
    span.set_attribute("", 1)
    assert ({}, 1) == (span.attributes, span.dropped_attributes)


def test_setting_an_odd_key_uses_its_text(tracer):
    """A key that is no str is called by its text."""
    span = tracer.start_span("s")
    span.set_attribute(7, 1)
    assert {"7": 1} == span.attributes


def test_a_span_without_attributes_has_an_empty_mapping(tracer):
    """A processor may add attributes to a span that had none."""
    span = tracer.start_span("s")
    span.attributes["added"] = 1
    assert {"added": 1} == span.attributes


def test_a_span_without_room_keeps_no_attribute(memory):
    """With a limit of 0, an attribute that is set is dropped and counted."""
    sdk.configure(exporters=[memory], limits=trace.SpanLimits(attributes=0), environment={})
    span = trace.get_tracer("t").start_span("s")
    span.set_attribute("a", 1)
    assert ({}, 1) == (span.attributes, span.dropped_attributes)
