"""Names, units and labels as Prometheus takes them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.utils import floatToGoString

from midspan.exporters.prometheus._labels import EMPTY, labels_of, number_text, scope_labels
from midspan.exporters.prometheus._names import label_name, metric_name, unit_word
from midspan.trace import InstrumentationScope


@pytest.mark.parametrize(
    ("name", "unit", "is_counter", "expected"),
    [
        ("http.server/requests", "", False, "http_server_requests"),
        ("a..b  c", "", False, "a_b_c"),
        ("node:load", "", False, "node_load"),
        ("3d", "", False, "_3d"),
        ("é", "", False, "_"),
        ("latency", "seconds", False, "latency_seconds"),
        ("latency.seconds", "seconds", False, "latency_seconds"),
        ("seconds", "seconds", False, "seconds"),
        ("orders_total", "", True, "orders"),
        ("orders_total", "", False, "orders_total"),
        ("sent_total", "bytes", True, "sent_bytes"),
    ],
)
def test_a_name_is_one_that_prometheus_takes(name, unit, is_counter, expected):
    """What it cannot hold is an underscore, once; a unit stands at its end, once."""
    assert expected == metric_name(name, unit, is_counter=is_counter)


@pytest.mark.parametrize(
    ("unit", "is_gauge", "expected"),
    [
        ("ms", False, "milliseconds"),
        ("By", False, "bytes"),
        ("By/s", False, "bytes_per_second"),
        ("{order}/min", False, "per_minute"),
        ("{order}", False, ""),
        ("1", False, ""),
        ("1", True, "ratio"),
        ("Cel", True, "celsius"),
        ("furlong", False, "furlong"),
        ("", True, ""),
        ("/", False, ""),
    ],
)
def test_a_unit_is_written_in_full(unit, is_gauge, expected):
    """UCUM's symbols become words, its annotations nothing, and 1 the ratio of a gauge."""
    assert expected == unit_word(unit, is_gauge=is_gauge)


@given(st.text(), st.text(), st.booleans())
def test_every_name_can_be_used(name, unit, is_counter):
    """Whatever a metric and its unit are called, Prometheus takes the name, without doubled underscores."""
    shown = metric_name(name, unit_word(unit, is_gauge=False), is_counter=is_counter)
    assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", shown)
    assert "__" not in shown.lstrip("_")


@given(st.text())
def test_every_key_can_be_a_label(key):
    """No name of a label begins with two underscores, which Prometheus keeps for itself."""
    assert re.fullmatch(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*", label_name(key))


@given(st.floats(allow_nan=False))
def test_a_bound_is_written_as_go_writes_it(number):
    """As prometheus_client writes it: OpenMetrics has one form for each number."""
    assert floatToGoString(number) == number_text(number)


def test_keys_that_become_one_name_share_it():
    """Their values are joined in the order of the keys."""
    assert {"a_b": "2;1;3"} == labels_of({"a_b": 3, "a.b": 1, "a-b": 2})


def test_missing_and_empty_are_two_things():
    """Prometheus takes an empty label for one that is missing, so it is not left empty."""
    assert ({}, {"k": EMPTY}) == (labels_of({"k": None}), labels_of({"k": ""}))


def test_values_are_texts():
    """As JSON has them, which is how the specification represents them."""
    values = {"b": True, "i": 3, "f": 0.5, "l": ("x", 1), "s": "\ud800"}
    shown = {"b": "true", "i": "3", "f": "0.5", "l": '["x", 1]', "s": "\\ud800"}
    assert shown == labels_of(values)


def test_a_label_that_means_something_is_not_taken_by_an_attribute():
    """`le` is a bucket's, and the labels of the scope are the scope's."""
    attributes = {"le": "x", "otel.scope.name": "y"}
    assert {"exported_le": "x", "exported_otel_scope_name": "y"} == labels_of(attributes, ["le"])


def test_a_scope_is_told_by_labels():
    """Name, version, schema and attributes; what it has not is left out."""
    scope = InstrumentationScope("shop", "", "https://s", (("team", "blue"), ("name", "other")))
    assert {
        "otel_scope_name": "shop",
        "otel_scope_schema_url": "https://s",
        "otel_scope_team": "blue",
        "otel_scope_exported_name": "other",
    } == scope_labels(scope)
