"""`TraceState`: the grammar of W3C Trace Context Level 2, section 3.3, and its limits."""

from __future__ import annotations

import pytest

from midspan.trace import TraceState


@pytest.mark.parametrize(
    ("header", "members"),
    [
        ("a=1", [("a", "1")]),
        ("a=1,b=2", [("a", "1"), ("b", "2")]),
        (" a=1 \t,\t b=2 ", [("a", "1"), ("b", "2")]),
        ("a=1,,b=2,", [("a", "1"), ("b", "2")]),
        ("1a=1", [("1a", "1")]),
        ("tenant@vendor=1", [("tenant@vendor", "1")]),
        ("a@=1,b@@c=2,d@e@f=3", [("a@", "1"), ("b@@c", "2"), ("d@e@f", "3")]),
        ("a=in side", [("a", "in side")]),
        ("a= lead", [("a", " lead")]),
        ("a_-*/=!~", [("a_-*/", "!~")]),
        ("a=1,a=2", [("a", "1")]),
        ("", []),
        (" , ,", []),
    ],
)
def test_what_the_grammar_allows_is_read(header, members):
    """White space around members and empty members are no part of them; of two like keys the first counts."""
    assert members == list(TraceState.parse(header))


@pytest.mark.parametrize(
    "header",
    [
        "a",
        "a=",
        "=1",
        "a=1,b",
        "a=1=2",
        "A=1",
        "a b=1",
        "@a=1",
        "_a=1",
        "a.b=1",
        "a =1",
        "a=1,b=\t",
        "a=\x7f",
        "a=\u00e9",
        "\u00e9=1",
        "a=1\n",
        "a=1;b=2,c=\x00",
    ],
)
def test_what_breaks_the_grammar_empties_the_whole(header):
    """One bad member makes the list worthless, for its order was lost (section 3.3.1)."""
    assert (0, "", False) == (
        len(TraceState.parse(header)),
        TraceState.parse(header).to_header(),
        bool(TraceState.parse(header)),
    )


@pytest.mark.parametrize(
    ("header", "count"),
    [
        (",".join(f"k{i}=1" for i in range(32)), 32),
        (",".join(f"k{i}=1" for i in range(33)), 0),
        (f"{'k' * 256}=1", 1),
        (f"{'k' * 257}=1", 0),
        (f"k={'v' * 256}", 1),
        (f"k={'v' * 257}", 0),
        (",".join(f"{'k' * 253}{i:03}={'v' * 256}" for i in range(32)), 32),
        ("a=1" + "," * 128, 1),
        ("a=1" + "," * 129, 0),
        ("a=1" + " " * 40_000, 0),
    ],
)
def test_the_limits(header, count):
    """There are 32 members, with keys and values of 256 characters; more is not looked through."""
    assert count == len(TraceState.parse(header))


def test_a_received_header_goes_out_as_it_came():
    """A list that has nothing to clean is not written anew."""
    header = "b=2,a=1"
    assert header is TraceState.parse(header).to_header()


def test_a_member_is_set_in_front():
    """The one that was changed last stands first."""
    assert "c=3,a=1,b=2" == TraceState.parse("a=1,b=2").set("c", "3").to_header()


def test_a_member_that_is_set_again_moves_to_the_front():
    """A key is there once."""
    assert "b=3,a=1" == TraceState.parse("a=1,b=2").set("b", "3").to_header()


def test_the_oldest_member_makes_room():
    """The 33rd member takes the place of the last."""
    full = TraceState.parse(",".join(f"k{i}=1" for i in range(32)))
    assert (32, None, "1") == (
        len(full.set("new", "1")),
        full.set("new", "1").get("k31"),
        full.set("new", "1").get("new"),
    )


def test_a_member_is_removed():
    """The others stay in order."""
    assert "a=1,c=3" == TraceState.parse("a=1,b=2,c=3").remove("b").to_header()


def test_a_missing_key_has_no_value():
    """`get` gives None."""
    assert None is TraceState.parse("a=1").get("b")


@pytest.mark.parametrize(("key", "value"), [("A", "1"), ("", "1"), ("a", ""), ("a", "1,2"), ("a", "v ")])
def test_a_bad_member_cannot_be_set(key, value):
    """A programmer's mistake is said where it is made."""
    with pytest.raises(ValueError, match="not a tracestate member"):
        TraceState().set(key, value)


@pytest.mark.parametrize("members", [(("a", "1"), ("a", "2")), tuple((f"k{i}", "1") for i in range(33))])
def test_a_state_cannot_be_made_beyond_its_limits(members):
    """Keys are distinct, and there are 32 at most."""
    with pytest.raises(ValueError, match="at most 32 members"):
        TraceState(members)


def test_states_with_the_same_members_are_equal():
    """It does not matter how a state was made, nor whether anybody has looked inside."""
    made, read = TraceState((("a", "1"), ("b", "2"))), TraceState.parse("a=1, b=2")
    assert (True, True, False) == (made == read, hash(made) == hash(read), made == TraceState())


def test_a_state_shows_its_header():
    """The repr is what would be sent."""
    assert "TraceState('a=1')" == repr(TraceState.parse(" a=1"))
