"""How much a span may hold, and that what it could not hold is counted."""

from __future__ import annotations

import pytest

from midspan import sdk, trace
from midspan.trace import Link, SpanContext, SpanLimits

NAMES = ["attributes", "events", "links", "event_attributes", "link_attributes", "value_length"]


def filled(memory, limits: SpanLimits) -> trace.Span:
    """Return a span that was given three of everything."""
    sdk.configure(exporters=[memory], limits=limits, environment={}, detectors=[])
    three = {"a": "xyz", "b": "xyz", "c": "xyz"}
    span = trace.get_tracer("t").start_span("s", attributes=three, links=[Link(SpanContext(1, 1), three)])
    for number in (1, 2):
        span.add_link(SpanContext(2, number), three)
    for name in three:
        span.add_event(name, three)
    span.end()
    return memory.spans[0]


def account(span: trace.Span) -> dict[str, tuple[int, int]]:
    """Return how much of each was kept and dropped."""
    event, link = next(iter(span.events), None), next(iter(span.links), None)
    return {
        "attributes": (len(span.attributes), span.dropped_attributes),
        "events": (len(span.events), span.dropped_events),
        "links": (len(span.links), span.dropped_links),
        "event_attributes": (len(event.attributes), event.dropped_attributes) if event else (3, 0),
        "link_attributes": (len(link.attributes), link.dropped_attributes) if link else (3, 0),
    }


@pytest.mark.parametrize("limit", [0, 1, 2, 3])
@pytest.mark.parametrize("name", NAMES[:5])
def test_a_limit_cuts_its_own_kind(memory, name, limit):
    """What comes after the limit is dropped and counted; nothing else is touched."""
    untouched = dict.fromkeys(NAMES[:5], (3, 0))
    expected = {**untouched, name: (limit, 3 - limit)}
    assert expected == account(filled(memory, SpanLimits(**{name: limit})))


def test_the_length_of_values_is_limited_everywhere(memory):
    """Attributes of the span, of its events and of its links are cut alike."""
    span = filled(memory, SpanLimits(value_length=2))
    cut = {"a": "xy", "b": "xy", "c": "xy"}
    assert [cut] * 3 == [span.attributes, span.events[0].attributes, span.links[0].attributes]


def test_a_value_can_be_replaced_when_the_span_is_full(memory):
    """Setting a key that is there needs no room."""
    sdk.configure(exporters=[memory], limits=SpanLimits(attributes=1), environment={})
    span = trace.get_tracer("t").start_span("s", attributes={"a": 1})
    span.set_attribute("b", 2)
    span.set_attribute("a", 3)
    assert ({"a": 3}, 1) == (span.attributes, span.dropped_attributes)


def test_the_defaults_are_the_specifications(memory):
    """128 of each, and 65,536 characters a value."""
    limits = SpanLimits()
    assert [128] * 5 + [65_536] == [getattr(limits, name) for name in NAMES]


def test_limits_are_values():
    """Equal limits are equal, hash alike and show what they hold."""
    one = SpanLimits(events=1)
    assert (one, hash(one)) == (SpanLimits(events=1), hash(SpanLimits(events=1)))
    assert (False, False) == (one == SpanLimits(), one == (128,))
    assert "links=128" in repr(one)


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_below_zero_is_refused(name):
    """The message names the limit."""
    with pytest.raises(ValueError, match=f"0 or more: {name}=-1"):
        SpanLimits(**{name: -1})


VARIABLES = {
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": ["attributes"],
    "OTEL_SPAN_EVENT_COUNT_LIMIT": ["events"],
    "OTEL_SPAN_LINK_COUNT_LIMIT": ["links"],
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": ["event_attributes"],
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": ["link_attributes"],
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": ["value_length"],
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": ["value_length"],
    "OTEL_ATTRIBUTE_COUNT_LIMIT": ["attributes", "event_attributes", "link_attributes"],
}


def limits_under(**settings) -> SpanLimits:
    """Return the limits that a span gets."""
    sdk.configure(exporters=[], detectors=[], **settings)
    return trace.get_tracer("t").start_span("s")._limits


@pytest.mark.parametrize("variable", VARIABLES)
def test_each_limit_has_its_variable(variable):
    """A variable sets its limits and leaves the others at their defaults."""
    expected = SpanLimits(**dict.fromkeys(VARIABLES[variable], 7))
    assert expected == limits_under(environment={variable: "7"})


def test_a_special_variable_wins_over_the_general_one():
    """The limits of spans go before those of all attributes (specification, "Attribute Limits")."""
    environment = {
        "OTEL_ATTRIBUTE_COUNT_LIMIT": "1",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "2",
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "3",
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "4",
    }
    limits = limits_under(environment=environment)
    assert (2, 1, 4) == (limits.attributes, limits.event_attributes, limits.value_length)


def test_limits_in_code_win():
    """Limits that are given in code are taken whole."""
    limits = SpanLimits(events=3)
    assert limits is limits_under(limits=limits, environment={"OTEL_SPAN_EVENT_COUNT_LIMIT": "5"})


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("value", ["-1", "many", "1.5"])
def test_a_bad_limit_names_its_variable(variable, value):
    """The message says which variable, what it holds and what is allowed."""
    with pytest.raises(sdk.ConfigurationError, match=f"{variable}='{value}' .* a whole number from 0"):
        limits_under(environment={variable: value})
