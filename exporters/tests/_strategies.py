"""Make any span that the core can hand to an exporter."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from midspan.exporters.jsonl import SpanRecord
from midspan.resource import Resource
from midspan.trace import (
    Event,
    InstrumentationScope,
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceState,
)

__all__ = ["attributes", "batches", "records"]

# Few, so that what is remembered of one span is met again in the next, with another value or type.
KEYS = st.sampled_from(["a", "http.method", "é", "k" * 127, "k" * 128, "l" * 300]) | st.text(min_size=1)
TEXTS = st.text() | st.sampled_from(["", "x", "GET", "x" * 63, "x" * 64, "x" * 65, "é" * 64, "y" * 16_384])
INTS = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 1, 127, 128, 2047, 2048, 16_383, 16_384, -1])
SCALARS = st.none() | st.booleans() | INTS | st.floats() | TEXTS | st.binary()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
UINT32 = st.integers(0, 2**32 - 1)
TIMES = st.integers(0, 2**64 - 1)


def attributes() -> st.SearchStrategy[dict[str, Any]]:
    """Return attributes as the core cleans them."""
    return st.dictionaries(KEYS, VALUES, max_size=5)


def contexts() -> st.SearchStrategy[SpanContext]:
    """Return contexts of spans here and elsewhere."""
    states = st.sampled_from(
        [TraceState(), TraceState((("vendor", "x"),)), TraceState((("a", "1"), ("b", "2")))]
    )
    ids = st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1)
    return st.builds(SpanContext, *ids, st.integers(0, 255), states, st.booleans())


def records() -> st.SearchStrategy[SpanRecord]:
    """Return finished spans."""
    events = st.builds(Event, TEXTS, TIMES, attributes(), UINT32)
    links = st.builds(Link, contexts(), attributes(), UINT32)
    statuses = st.sampled_from([Status(), Status(StatusCode.OK)]) | TEXTS.map(_failed)
    resources = st.builds(Resource, attributes(), TEXTS)
    scopes = st.builds(
        InstrumentationScope,
        TEXTS,
        TEXTS,
        TEXTS,
        st.lists(st.tuples(KEYS, VALUES), max_size=2, unique_by=lambda p: p[0]).map(tuple),
    )
    return st.builds(
        SpanRecord,
        name=TEXTS,
        context=contexts(),
        parent=st.none() | contexts(),
        kind=st.sampled_from(list(SpanKind)),
        start_ns=TIMES,
        end_ns=TIMES,
        attributes=attributes(),
        events=st.lists(events, max_size=2),
        links=st.lists(links, max_size=2),
        status=statuses,
        resource=resources,
        scope=scopes,
        dropped_attributes=UINT32,
        dropped_events=UINT32,
        dropped_links=UINT32,
    )


def _failed(description: str) -> Status:
    return Status(StatusCode.ERROR, description)


def batches() -> st.SearchStrategy[list[SpanRecord]]:
    """Return some spans, of which some share their resource and scope."""
    return st.lists(records(), min_size=1, max_size=3).flatmap(
        lambda spans: st.lists(st.sampled_from(spans), min_size=1, max_size=6)
    )
