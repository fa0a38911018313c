"""What holds for all attributes, however odd: cleaning ends, raises nothing, and is done once."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from midspan.trace._attributes import clean_attributes, clean_key, clean_value

INT64 = 1 << 63
LENGTH = 20


class Raising:
    """Raises whenever it is asked for anything."""

    def __init__(self, what: type[Exception] = ValueError) -> None:
        self._what = what

    def _fail(self, *_: object) -> object:
        raise self._what

    __str__ = __repr__ = __eq__ = __len__ = __iter__ = __getitem__ = __bool__ = _fail
    __hash__ = object.__hash__


class Text(str):
    """A str whose class makes something else of it."""

    __slots__ = ()

    def __str__(self) -> str:
        return Text("other")


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(1 << 200), max_value=1 << 200)
    | st.floats()
    | st.text(max_size=40)
    | st.text(st.characters(), max_size=40)
    | st.text(max_size=40).map(Text)
    | st.binary(max_size=40)
    | st.builds(bytearray, st.binary(max_size=40))
    | st.builds(object)
    | st.builds(Raising, st.sampled_from([ValueError, MemoryError, RecursionError]))
    | st.complex_numbers()
    | st.dates()
)
keys = leaves.filter(lambda value: not isinstance(value, bytearray))
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=12,
)


def is_plain(value: object, length: int = LENGTH) -> bool:
    """Say whether an exporter can send a value as it is."""
    kind = type(value)
    if value is None or kind in (bool, float):
        return True
    if kind is int:
        return -INT64 <= value < INT64
    if kind in (str, bytes):
        return len(value) <= max(length, 100)  # names of types that cannot be shown may be longer
    if kind is tuple:
        return all(is_plain(item, length) for item in value)
    return kind is dict and all(type(key) is str and is_plain(item, length) for key, item in value.items())


def same(one: object, other: object) -> bool:
    """Compare values, with NaN like itself."""
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


@given(values)
def test_cleaning_makes_plain_values(value):
    """Whatever comes in, out comes text, a number, bytes, nothing, or tuples and dictionaries of these."""
    assert is_plain(clean_value(value, LENGTH))


@given(values)
def test_cleaning_twice_is_cleaning_once(value):
    """A clean value stays as it is."""
    cleaned = clean_value(value, 1000)
    assert same(cleaned, clean_value(cleaned, 1000))


@given(st.recursive(st.none() | st.booleans() | st.integers(-INT64, INT64 - 1) | st.text(max_size=LENGTH),
                    lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=10))  # fmt: skip
def test_what_is_plain_is_left_alone(value):
    """Nothing is converted that need not be."""
    assert same(value, clean_value(value, LENGTH))


@given(keys)
def test_a_key_is_text_or_nothing(key):
    """Never empty, and of the exact type."""
    cleaned = clean_key(key)
    assert cleaned is None or (type(cleaned) is str and cleaned != "")


@given(st.dictionaries(keys, values, max_size=8), st.integers(min_value=0, max_value=8))
def test_attributes_are_bounded_and_accounted_for(attributes, limit):
    """At most so many are kept, all of them clean, and none is lost without being counted."""
    cleaned, dropped = clean_attributes(attributes, limit, LENGTH)
    assert len(cleaned) <= limit
    assert all(type(key) is str and key for key in cleaned)
    # Keys that become the same text are one attribute.
    assert len(cleaned) + dropped <= len(attributes)
    assert dropped > 0 or len(cleaned) == len({clean_key(key) for key in attributes})


@settings(max_examples=15)  # each goes on for 65,536 items
@given(st.lists(st.integers(min_value=0, max_value=5), max_size=6))
def test_knots_of_lists_have_an_end(joints):
    """Lists that hold one another in any way, themselves among them, are cleaned at once."""
    knots: list[list] = [[] for _ in range(6)]
    for here, there in enumerate(joints):
        knots[here] += [knots[there], knots[-1 - there], here]
    assert is_plain(clean_value(knots, LENGTH))
