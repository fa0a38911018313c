"""The records and enumerations that stand in for the standard library's do what those do."""

from __future__ import annotations

import copy
import enum
import pickle
import typing

import pytest

from midspan import trace
from midspan._record import IntEnum, NamedTuple


class Ours(NamedTuple):
    """A record of ours."""

    one: int
    two: str = "b"
    three: float = 3.0

    @property
    def both(self) -> str:
        """Join two fields."""
        return f"{self.one}{self.two}"


class Theirs(typing.NamedTuple):
    """The same, of the standard library's making."""

    one: int
    two: str = "b"
    three: float = 3.0


class Bit(IntEnum):
    """An enumeration of ours."""

    OFF = 0
    ON = 1


class TheirBit(enum.IntEnum):
    """The same, of the standard library's making."""

    OFF = 0
    ON = 1


@pytest.mark.parametrize("arguments", [((1,), {}), ((1, "x"), {"three": 4.0}), ((), {"two": "y", "one": 2})])
def test_a_record_is_made_like_a_named_tuple(arguments):
    """By position, by name, with defaults for the rest."""
    given, named = arguments
    assert tuple(Theirs(*given, **named)) == Ours(*given, **named)


@pytest.mark.parametrize("arguments", [((), {}), ((1, 2, 3, 4), {}), ((1,), {"one": 1}), ((1,), {"four": 4})])
def test_a_record_refuses_what_a_named_tuple_refuses(arguments):
    """Too few, too many, twice, and unknown."""
    given, named = arguments
    for kind in (Theirs, Ours):
        with pytest.raises(TypeError):
            kind(*given, **named)


def test_a_record_has_fields():
    """They are read by name, and cannot be set."""
    record = Ours(1, "x")
    assert (1, "x", 3.0, "1x", ("one", "two", "three")) == (
        record.one,
        record.two,
        record.three,
        record.both,
        Ours._fields,
    )
    with pytest.raises(AttributeError):
        record.one = 2


def test_a_record_is_a_tuple():
    """It unpacks, compares, hashes and matches as one."""
    record = Ours(1, "x")
    one, two, three = record
    assert ((1, "x", 3.0), hash((1, "x", 3.0)), (1, "x", 3.0)) == (record, hash(record), (one, two, three))
    match record:
        case Ours(1, found, three=rest):
            assert ("x", 3.0) == (found, rest)
        case _:
            pytest.fail("did not match")


def test_a_record_shows_itself_like_a_named_tuple():
    """By the name of its class and its fields."""
    assert repr(Theirs(1)).replace("Theirs", "Ours") == repr(Ours(1))


def test_parts_of_a_record_can_be_replaced():
    """`_replace` and `_asdict` are a named tuple's."""
    record = Ours(1)
    assert (Ours(1, "z"), {"one": 1, "two": "b", "three": 3.0}) == (
        record._replace(two="z"),
        record._asdict(),
    )
    with pytest.raises(TypeError):
        record._replace(four=4)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
@pytest.mark.parametrize(
    "value", [trace.SpanContext(1, 2), trace.Status(), trace.StatusCode.OK, trace.SpanKind.CLIENT]
)
def test_values_survive_a_copy(again, value):
    """Copied or pickled, a value is equal and of the same type; a member is the same one."""
    copied = again(value)
    assert (value, type(value)) == (copied, type(copied))
    assert copied is value or not isinstance(value, int)


def test_members_are_like_an_int_enums():
    """By name, by value, in order; with name and value; equal to their numbers."""
    for kind in (TheirBit, Bit):
        assert (kind.ON, kind.ON, kind.OFF) == (kind(1), kind["ON"], kind(0))
        assert (["OFF", "ON"], [0, 1]) == ([each.name for each in kind], [each.value for each in kind])
        assert (2, {"OFF": 0, "ON": 1}) == (len(kind), dict(kind.__members__))
        assert (True, True, True) == (kind.ON in kind, kind.ON == 1, isinstance(kind.ON, kind))
        assert ("1", "1", "<") == (str(kind.ON) if kind is Bit else "1", f"{kind.ON:d}", repr(kind.ON)[0])
    assert repr(TheirBit.ON).replace("TheirBit", "Bit") == repr(Bit.ON)


@pytest.mark.parametrize("value", [2, "ON", None, []])
def test_what_is_no_member_is_refused(value):
    """With ValueError, as by an IntEnum."""
    for kind in (TheirBit, Bit):
        with pytest.raises(ValueError, match="is not a valid"):
            kind(value)


def test_members_cannot_be_replaced():
    """A constant stays what it is; other attributes may be set, as tools do."""
    with pytest.raises(AttributeError, match="cannot reassign member 'ON'"):
        Bit.ON = 5
    Bit.note = "set by a tool"
    assert "set by a tool" == Bit.note


def test_the_numbers_are_otlps():
    """Kinds and codes can be sent as they are (trace.proto)."""
    assert {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5} == {
        kind.name: int(kind) for kind in trace.SpanKind
    }
    assert {"UNSET": 0, "OK": 1, "ERROR": 2} == {code.name: int(code) for code in trace.StatusCode}
