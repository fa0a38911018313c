"""Make any metric that the core can hand to an exporter, with points of every kind."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from exporters.tests._strategies import INTS, KEYS, TEXTS, TIMES, VALUES, attributes
from midspan.metrics import (
    Buckets,
    Exemplar,
    ExponentialHistogramPoint,
    HistogramPoint,
    Metric,
    MetricKind,
    NumberPoint,
    SummaryPoint,
    Temporality,
)
from midspan.resource import Resource
from midspan.trace import InstrumentationScope

__all__ = ["metric_batches", "metrics"]

COUNTS = st.integers(0, 2**64 - 1)
DOUBLES = st.floats()
AMOUNTS = INTS | DOUBLES
EXEMPLARS = st.lists(
    st.builds(Exemplar, AMOUNTS, TIMES, st.integers(0, 2**128 - 1), st.integers(0, 2**64 - 1), attributes()),
    max_size=2,
).map(tuple)
# What holds no counts has no place.
BUCKETS = st.just(Buckets(0, ())) | st.builds(
    Buckets, st.integers(-(2**31), 2**31 - 1), st.lists(COUNTS, min_size=1, max_size=5).map(tuple)
)
FRAME = attributes(), TIMES, TIMES


def metrics() -> st.SearchStrategy[Metric]:
    """Return metrics of all kinds, their points of the kind that they name."""
    return st.sampled_from(list(MetricKind)).flatmap(_of_kind)


def metric_batches() -> st.SearchStrategy[list[Metric]]:
    """Return some metrics, of which some share their resource and scope."""
    return st.lists(metrics(), min_size=1, max_size=3).flatmap(
        lambda made: st.lists(st.sampled_from(made), min_size=1, max_size=6)
    )


def _of_kind(kind: MetricKind) -> st.SearchStrategy[Metric]:
    has_temporality = kind not in {MetricKind.GAUGE, MetricKind.SUMMARY}
    scopes = st.builds(
        InstrumentationScope,
        TEXTS,
        TEXTS,
        TEXTS,
        st.lists(st.tuples(KEYS, VALUES), max_size=2, unique_by=lambda p: p[0]).map(tuple),
    )
    return st.builds(
        Metric,
        TEXTS,
        TEXTS,
        TEXTS,
        scopes,
        st.builds(Resource, attributes(), TEXTS),
        st.just(kind),
        st.lists(_POINTS[kind], max_size=3).map(tuple),
        st.sampled_from(list(Temporality)) if has_temporality else st.just(Temporality.CUMULATIVE),
        st.booleans() if kind is MetricKind.SUM else st.just(False),
    )


def _histogram_points() -> st.SearchStrategy[HistogramPoint]:
    bounds = st.lists(st.floats(allow_nan=False), max_size=4, unique=True).map(sorted)
    return bounds.flatmap(_with_bounds)


def _with_bounds(bounds: list[float]) -> st.SearchStrategy[HistogramPoint]:
    size = len(bounds) + 1
    counts = st.lists(COUNTS, min_size=size, max_size=size).map(tuple)
    sums = st.none() | DOUBLES
    return st.builds(
        HistogramPoint, *FRAME, COUNTS, sums, counts, st.just(tuple(bounds)), sums, sums, EXEMPLARS
    )


def _exponential_points() -> st.SearchStrategy[ExponentialHistogramPoint]:
    sums = st.none() | DOUBLES
    scale = st.integers(-10, 20)
    counts = COUNTS, sums, scale, COUNTS, BUCKETS, BUCKETS
    return st.builds(ExponentialHistogramPoint, *FRAME, *counts, sums, sums, DOUBLES, EXEMPLARS)


_PAIRS = st.lists(st.tuples(st.floats(0, 1), DOUBLES), max_size=3).map(tuple)
_POINTS: dict[MetricKind, st.SearchStrategy[Any]] = {
    MetricKind.SUM: st.builds(NumberPoint, *FRAME, AMOUNTS, EXEMPLARS),
    MetricKind.GAUGE: st.builds(NumberPoint, *FRAME, AMOUNTS, EXEMPLARS),
    MetricKind.HISTOGRAM: _histogram_points(),
    MetricKind.EXPONENTIAL_HISTOGRAM: _exponential_points(),
    MetricKind.SUMMARY: st.builds(SummaryPoint, *FRAME, COUNTS, DOUBLES, _PAIRS),
}
