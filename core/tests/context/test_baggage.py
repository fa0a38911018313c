"""Baggage: names and values that travel with a request."""

from __future__ import annotations

import copy
import pickle

import pytest

from midspan import baggage, context


def test_baggage_is_added_to_what_is_current():
    """`attached` adds values for a block; inner ones win, and all go with the block."""
    with baggage.attached({"tenant": "acme", "user": "a"}), baggage.attached({"user": "b"}):
        inside = dict(baggage.get_all())
    assert ({"tenant": "acme", "user": "b"}, {}) == (inside, dict(baggage.get_all()))


def test_set_returns_a_context():
    """`set_baggage` changes nothing by itself; the context that it returns is attached to use it."""
    changed = baggage.set_baggage("a", "1")
    assert (None, "1") == (baggage.get_baggage("a"), baggage.get_baggage("a", changed))
    with context.attached(changed):
        assert "1" == baggage.get_baggage("a")


def test_values_can_be_taken_away():
    """`remove_baggage` takes one value, `clear` takes all; a name that is not there does not matter."""
    both = baggage.set_baggage("b", "2", baggage.set_baggage("a", "1"))
    assert {"b": "2"} == dict(baggage.get_all(baggage.remove_baggage("a", both)))
    assert {"a": "1", "b": "2"} == dict(baggage.get_all(baggage.remove_baggage("c", both)))
    assert {} == dict(baggage.get_all(baggage.clear(both)))


def test_the_current_baggage_is_the_default():
    """Without a context, each function works on the current one."""
    with baggage.attached({"a": "1", "b": "2"}):
        assert {"b": "2"} == dict(baggage.get_all(baggage.remove_baggage("a")))
        assert {"a": "1", "b": "2", "c": "3"} == dict(baggage.get_all(baggage.set_baggage("c", "3")))
        assert {} == dict(baggage.get_all(baggage.clear()))


def test_all_of_it_can_be_read_and_not_changed():
    """`get_all` is a read-only copy."""
    with baggage.attached({"a": "1"}):
        everything = baggage.get_all()
        with pytest.raises(TypeError):
            everything["a"] = "2"
    assert {"a": "1"} == dict(everything)


def test_a_missing_value_is_none():
    """There is no exception for a name that nobody set."""
    assert baggage.get_baggage("nobody") is None


def test_the_span_stays_when_baggage_changes(tracer):
    """Baggage and span are independent."""
    with tracer.start_as_current_span("s") as span, baggage.attached({"a": "1"}):
        assert span is context.current().span


def test_a_value_may_have_properties():
    """It is a string like any other, with what stood behind its semicolon."""
    value = baggage.Value("acme", "ttl=30;secret")
    assert ("acme", "ttl=30;secret", True) == (value, value.properties, isinstance(value, str))
    assert "" == baggage.Value("plain").properties


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_a_value_survives_a_copy(again):
    """Copied or pickled, a value keeps its properties."""
    value = again(baggage.Value("acme", "ttl=30"))
    assert ("acme", "ttl=30") == (value, value.properties)
