"""Of a command of MongoDB the shape is told, and no value."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midspan.integrations._pymongo_command import refusal, told

PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=5)
)
NAMES = st.text(max_size=5)
VALUE = st.one_of(PLAIN, st.lists(PLAIN, max_size=3), st.dictionaries(NAMES, PLAIN, max_size=3))


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            {"find": "users", "filter": {"age": {"$gt": 7}}, "lsid": {"id": b"x"}, "$db": "shop"},
            ("users", None, '{"find": "users", "filter": {"age": {"$gt": "?"}}}'),
        ),
        (
            {"insert": "users", "documents": [{"_id": 1}, {"_id": 2}]},
            ("users", 2, '{"insert": "users", "documents": [{"_id": "?"}]}'),
        ),
        ({"getMore": 42, "collection": "users"}, ("users", None, '{"getMore": "?", "collection": "users"}')),
        ({"aggregate": 1, "pipeline": []}, (None, None, '{"aggregate": "?", "pipeline": []}')),
        (
            {"findandmodify": "users", "query": {"name": "Ann"}, "remove": True},
            ("users", None, '{"findandmodify": "users", "query": {"name": "?"}, "remove": "?"}'),
        ),
        (
            {"bulkWrite": 1, "ops": [{"insert": 0, "document": {"_id": 1}}]},
            (None, 1, '{"bulkWrite": "?", "ops": [{"insert": "?", "document": {"_id": "?"}}]}'),
        ),
        # Its value is the name of a user.
        ({"dropUser": "ann"}, (None, None, '{"dropUser": "?"}')),
    ],
)
def test_values_become_question_marks(command, expected):
    """Names of fields stay, of several documents the first; what the driver adds is left out."""
    assert expected == told(next(iter(command)), command, "sanitized")


def test_raw_shows_values_and_none_shows_nothing():
    """Values are shown as Python has them, and cut."""
    command = {"find": "users", "filter": {"at": dt.date(2026, 1, 2), "text": "x" * 1000}}
    text = '{"find": "users", "filter": {"at": "2026-01-02", "text": "' + "x" * 256 + '"}}'
    assert ("users", None, text) == told("find", command, "raw")
    assert ("users", None, None) == told("find", command, "none")


def test_what_is_deep_or_long_is_cut():
    """Whatever nests, and however many names there are."""
    deep = {}
    for _ in range(1000):
        deep = {"$and": [deep]}
    wide = {str(n): "x" * 300 for n in range(10_000)}
    for command in ({"find": "users", "filter": deep}, {"find": "users", "filter": wide}):
        for statements in ("sanitized", "raw"):
            assert len(told("find", command, statements).text) <= 8192


@given(st.dictionaries(NAMES, VALUE, max_size=3), st.sampled_from(["find", "insert", "getMore", "ping"]))
def test_whatever_is_sent_can_be_told(command, name):
    """And is no longer than 8,192 characters."""
    for statements in ("sanitized", "raw"):
        assert len(told(name, {name: "users", **command}, statements).text) <= 8192


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ({"ok": 1, "n": 1}, None),
        ({"ok": 1, "writeErrors": [{"code": 11000}, {"code": 121}]}, {"code": 11000}),
        ({"ok": 1, "writeErrors": [], "writeConcernError": {"code": 64}}, {"code": 64}),
        ({"ok": 1, "writeErrors": ["odd"]}, None),
        (None, None),
    ],
)
def test_a_success_can_tell_of_an_error(reply, error):
    """The first one stands for all."""
    assert error == refusal(reply)
