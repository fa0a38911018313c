from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midspan.exporters.jsonl import json_of_spans, read
from midspan.trace import SpanKind, Status

NAMES = [
    *("resourceSpans", "resource", "scopeSpans", "scope", "spans", "traceId", "spanId", "flags", "kind"),
    *("startTimeUnixNano", "status", "code", "attributes", "events", "links", "key", "value", "intValue"),
    *("arrayValue", "kvlistValue", "values", "doubleValue"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def document(**span: Any) -> dict[str, Any]:
    """Return a request with one span."""
    return {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "a1", "spanId": "b2", **span}]}]}]}


def test_a_span_with_nothing_but_ids_is_read():
    """What is left out has its default."""
    (span,) = read([document()])
    assert (0xA1, 0xB2, "", None, SpanKind.INTERNAL, 0, {}, Status()) == (
        span.context.trace_id,
        span.context.span_id,
        span.name,
        span.parent,
        span.kind,
        span.end_ns,
        span.attributes,
        span.status,
    )


def test_spans_read_together_share_their_resource_and_scope(make_span):
    """Exporters group by identity, and so can group what was read."""
    first, second = read([json_of_spans([make_span(), make_span()])])
    assert (True, True) == (first.resource is second.resource, first.scope is second.scope)


def test_numbers_are_read_as_strings_and_as_numbers():
    """Other writers may leave the quotes out."""
    (span,) = read([document(startTimeUnixNano=5, endTimeUnixNano="7")])
    assert (5, 7) == (span.start_ns, span.end_ns)


def test_a_parent_from_elsewhere_is_remote():
    """The flags tell."""
    remote = [span.parent.is_remote for span in read([document(parentSpanId="c3", flags=0x300)])]
    here = [span.parent.is_remote for span in read([document(parentSpanId="c3", flags=0x100)])]
    assert ([True], [False]) == (remote, here)


@pytest.mark.parametrize("line", ["", "\n", "  \r\n", b""])
def test_empty_lines_are_passed_over(troubles, line):
    """They hold nothing, and nothing is wrong with that."""
    assert ([], {}) == (list(read([line])), troubles())


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "5",
        '{"resourceSpans": 5}',
        '{"resourceSpans": [5]}',
        "\ufeff{}",
        b"\xff",
        "[" * 100_000,
        "null",
    ],
)
def test_a_line_that_holds_no_request_is_counted(troubles, line):
    """The lines around it are read."""
    assert (2, 1) == (len(list(read([document(), line, document()]))), troubles()["jsonl.unreadable"])


@pytest.mark.parametrize(
    "group",
    [{"resource": 5}, {"resource": {"attributes": 5}}, {"scopeSpans": [5]}, {"scopeSpans": [{"spans": 5}]}],
    ids=json.dumps,
)
def test_a_group_that_cannot_be_read_is_left_out_and_counted(troubles, group):
    """The groups around it are read."""
    groups = document()["resourceSpans"]
    whole = {"resourceSpans": [*groups, group, *groups]}
    assert (2, 1) == (len(list(read([whole]))), troubles()["jsonl.unreadable"])


@pytest.mark.parametrize("value", [True, False, None, "true", 1])
def test_a_boolean_is_true_only_if_it_says_so(value):
    """A text is no boolean."""
    (span,) = read([document(attributes=[{"key": "a", "value": {"boolValue": value}}])])
    assert {"a": None if value is None else value is True} == span.attributes


@pytest.mark.parametrize(
    "span",
    [
        5,
        {"traceId": "xyz"},
        {"traceId": 5},
        {"kind": 77},
        {"status": {"code": 9}},
        {"status": 5},
        {"attributes": {"a": 1}},
        {"attributes": [5]},
        {"attributes": [{"key": "a", "value": {"bytesValue": "*"}}]},
        {"attributes": [{"key": "a", "value": {"intValue": "x"}}]},
        {"events": [5]},
        {"links": [{"traceId": [1]}]},
        {"startTimeUnixNano": "soon"},
        {"startTimeUnixNano": -1},
        {"endTimeUnixNano": 2**64},
        {"kind": float("inf")},
    ],
    ids=json.dumps,
)
def test_a_span_that_cannot_be_read_is_left_out_and_counted(troubles, span):
    """The spans around it are read."""
    whole = document()
    whole["resourceSpans"][0]["scopeSpans"][0]["spans"] *= 3
    whole["resourceSpans"][0]["scopeSpans"][0]["spans"][1] = span
    assert (2, 1) == (len(list(read([whole]))), troubles()["jsonl.unreadable"])


@given(st.lists(JSON | st.text() | st.binary() | JSON.map(json.dumps), max_size=3))
def test_no_document_raises(documents):
    """Whatever stands in a file, reading it ends, with the spans that could be made out."""
    for span in read(documents):
        assert isinstance(span.attributes, dict)
