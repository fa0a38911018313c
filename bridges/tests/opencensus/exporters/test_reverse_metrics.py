"""Native metrics as OpenCensus's: what becomes of what, what is lost, and that nothing else is."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencensus.metrics.export import value as oc_value
from opencensus.metrics.export.metric_descriptor import MetricDescriptorType as Type

from midspan import _trouble, metrics, trace
from midspan.bridges.opencensus import _reverse_metrics
from midspan.bridges.opencensus._stats import _convert
from midspan.bridges.opencensus._stats._starts import Starts
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

SCOPE = trace.InstrumentationScope("shop")
START, NOW = 1_600_000_000_000_000_000, 1_600_000_060_000_001_000
SUM, GAUGE, HISTOGRAM = MetricKind.SUM, MetricKind.GAUGE, MetricKind.HISTOGRAM


def _metric(kind, *points, scope=SCOPE, **more):
    return Metric("m", "By", "about m", scope, None, kind, points, **more)


def _number(value, **attributes):
    return NumberPoint(attributes, START, NOW, value)


def _only(metric):
    made = _reverse_metrics.metric(metric)
    (series,) = made.time_series
    (point,) = series.points
    return made.descriptor.type, point.value


@pytest.mark.parametrize(
    ("kind", "is_monotonic", "value", "type_"),
    [
        (SUM, True, 7, Type.CUMULATIVE_INT64),
        (SUM, True, 7.5, Type.CUMULATIVE_DOUBLE),
        (SUM, False, -7, Type.GAUGE_INT64),
        (SUM, False, -7.5, Type.GAUGE_DOUBLE),
        (GAUGE, False, 7, Type.GAUGE_INT64),
        (GAUGE, False, math.inf, Type.GAUGE_DOUBLE),
        (SUM, True, 1 << 63, Type.CUMULATIVE_DOUBLE),
    ],
)
def test_numbers(kind, is_monotonic, value, type_):
    """Sums are cumulative if they only rise, else gauges; numbers are whole up to 64 bits."""
    found, made = _only(_metric(kind, _number(value), is_monotonic=is_monotonic))
    assert (type_, value) == (found, made.value)
    assert isinstance(made, oc_value.ValueLong) is (type_ in {Type.CUMULATIVE_INT64, Type.GAUGE_INT64})


def test_one_that_is_not_whole_makes_all_doubles():
    """OpenCensus's types are those of a metric, not of a point."""
    made = _reverse_metrics.metric(_metric(GAUGE, _number(1, k="a"), _number(1.5, k="b")))
    assert Type.GAUGE_DOUBLE == made.descriptor.type
    assert [1.0, 1.5] == [series.points[0].value.value for series in made.time_series]


def test_descriptor_and_times():
    """Name, description and unit are passed on; a sum has its start, a gauge none; times are in UTC."""
    counted = _reverse_metrics.metric(_metric(SUM, _number(1), is_monotonic=True))
    gauge = _reverse_metrics.metric(_metric(GAUGE, _number(1)))
    descriptor = counted.descriptor
    assert ("m", "about m", "By") == (descriptor.name, descriptor.description, descriptor.unit)
    assert ["2020-09-13T12:26:40.000000Z", None] == [
        made.time_series[0].start_timestamp for made in (counted, gauge)
    ]
    moment = dt.datetime(2020, 9, 13, 12, 27, 40, 1)  # noqa: DTZ001 - OpenCensus's are naive
    assert moment == counted.time_series[0].points[0].timestamp


def test_labels():
    """Each attribute of any series is a label of all, unset where it is missing; values are text."""
    made = _reverse_metrics.metric(
        _metric(GAUGE, _number(1, a="x", b=True), _number(2, a="", c=7), _number(3, a=("x", "y")))
    )
    assert ["a", "b", "c"] == [key.key for key in made.descriptor.label_keys]
    assert [["x", "true", None], ["", None, "7"], ["('x', 'y')", None, None]] == [
        [label.value for label in series.label_values] for series in made.time_series
    ]


def _histogram(bounds, counts, exemplars=(), total=12.5):
    return HistogramPoint({}, START, NOW, sum(counts), total, counts, bounds, 1.0, 9.0, exemplars)


def test_histogram():
    """Counts, sum and bounds are passed on; the sum of squared deviations is told as 0."""
    type_, made = _only(_metric(HISTOGRAM, _histogram((1.0, 5.0), (1, 2, 3))))
    assert (Type.CUMULATIVE_DISTRIBUTION, 6, 12.5, 0.0) == (
        type_,
        made.count,
        made.sum,
        made.sum_of_squared_deviation,
    )
    assert ([1.0, 5.0], [1, 2, 3]) == (
        made.bucket_options.type_.bounds,
        [each.count for each in made.buckets],
    )


def test_bounds_that_are_not_above_zero():
    """OpenCensus's bounds are above zero: what is counted below others goes to the lowest of these."""
    _, made = _only(_metric(HISTOGRAM, _histogram((-5.0, 0.0, 5.0, math.inf), (1, 2, 3, 4, 5))))
    assert ([5.0], [6, 9]) == (made.bucket_options.type_.bounds, [each.count for each in made.buckets])


@pytest.mark.parametrize(("bounds", "counts"), [((), (6,)), ((), ()), ((0.0,), (2, 4))])
def test_no_bounds(bounds, counts):
    """Without a bound that OpenCensus takes there are no buckets, but count and sum."""
    point = _histogram(bounds, counts)._replace(count=6)
    _, made = _only(_metric(HISTOGRAM, point))
    assert (6, 12.5, None, None) == (made.count, made.sum, made.bucket_options.type_, made.buckets)


def test_a_sum_that_nobody_knows():
    """It is told as 0."""
    assert _only(_metric(HISTOGRAM, _histogram((1.0,), (1, 2), total=None)))[1].sum == 0.0


def test_exemplars():
    """The latest of each bucket, with what a view took away and the span as attachments."""
    exemplars = (
        Exemplar(5.0, NOW, 0xAB, 0xCD, {"user": 7}),
        Exemplar(4.0, START, 1, 1),
        Exemplar(9.0, NOW),
    )
    _, made = _only(_metric(HISTOGRAM, _histogram((1.0, 5.0), (0, 2, 1), exemplars)))
    none, inner, outer = (each.exemplar for each in made.buckets)
    assert (None, 5.0, 9.0, {}) == (none, inner.value, outer.value, outer.attachments)
    assert {"user": "7", "trace_id": f"{0xAB:032x}", "span_id": f"{0xCD:016x}"} == inner.attachments
    assert inner.timestamp == "2020-09-13T12:27:40.000001Z"


def test_exponential_histogram():
    """Buckets of powers have bounds like others; what is not above zero is counted below the lowest."""
    point = ExponentialHistogramPoint(
        {}, START, NOW, 10, 20.0, 0, 1, Buckets(0, (2, 0, 3)), Buckets(1, (4,)), -3.0, 7.0
    )
    type_, made = _only(_metric(MetricKind.EXPONENTIAL_HISTOGRAM, point))
    assert (Type.CUMULATIVE_DISTRIBUTION, [1.0, 2.0, 4.0, 8.0], [5, 2, 0, 3, 0]) == (
        type_,
        made.bucket_options.type_.bounds,
        [each.count for each in made.buckets],
    )


@given(
    st.integers(-12, 22),
    st.integers(-30_000, 30_000),
    st.lists(st.integers(0, 9), max_size=160),
    st.integers(0, 9),
)
def test_any_exponential_histogram(scale, offset, counts, zero):
    """Whatever the scale, OpenCensus takes the bounds, and every measurement is counted."""
    count = zero + sum(counts)
    total = 1.0 if count else 0.0
    point = ExponentialHistogramPoint(
        {}, START, NOW, count, total, scale, zero, Buckets(offset, tuple(counts)), Buckets(0, ())
    )
    _, made = _only(_metric(MetricKind.EXPONENTIAL_HISTOGRAM, point))
    assert count == made.count
    if made.buckets is not None:
        assert count == sum(each.count for each in made.buckets)
        assert len(made.buckets) == len(made.bucket_options.type_.bounds) + 1


@pytest.mark.usefixtures("_lenient")
@pytest.mark.parametrize(
    ("metric", "cause"),
    [
        (_metric(MetricKind.SUMMARY, SummaryPoint({}, START, NOW, 3, 6.0, ((0.5, 2.0),))), "summary"),
        (_metric(SUM, _number(1), temporality=Temporality.DELTA, is_monotonic=True), "delta"),
        (_metric(HISTOGRAM, _histogram((1.0,), (1, 2))._replace(count=7)), "metric"),
        (_metric(GAUGE, _number("many")), "metric"),
    ],
    ids=["summary", "delta", "count that is no sum", "no number"],
)
def test_what_is_dropped(metric, cause):
    """What OpenCensus has no like of is dropped alone, counted and said."""
    made = _reverse_metrics.metrics([metric, _metric(GAUGE, _number(1))])
    assert ([Type.GAUGE_INT64], {f"opencensus.{cause}": 1}) == (
        [each.descriptor.type for each in made],
        _trouble.counts(),
    )


def test_a_metric_without_points():
    """There is no OpenCensus metric without series."""
    assert [] == _reverse_metrics.metrics([_metric(GAUGE)])


def test_a_gauge_has_no_temporality():
    """A gauge that calls itself delta is a gauge."""
    assert Type.GAUGE_INT64 == _only(_metric(GAUGE, _number(1), temporality=Temporality.DELTA))[0]


_TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)
_VALUES = st.integers(0, 1 << 62) | st.floats(0, 1e300)
_TIMES = st.integers(1_000_000_000_000_000, 2_000_000_000_000_000).map(lambda us: us * 1_000)
_BOUNDS = st.lists(st.floats(0.001, 1e9), min_size=0, max_size=5, unique=True).map(sorted)


@st.composite
def _points(draw, make):
    keys = draw(st.lists(st.text(max_size=4), max_size=3, unique=True))
    rows = draw(st.lists(st.tuples(*(_TEXTS for _ in keys)), min_size=1, max_size=4, unique=True))
    start_ns = draw(_TIMES)
    time_ns = start_ns + 1_000 * draw(st.integers(1, 1_000_000))
    return [draw(make((dict(zip(keys, row, strict=True)), start_ns, time_ns))) for row in rows]


def _numbers(place):
    return st.builds(lambda value: NumberPoint(*place, value), _VALUES)


@st.composite
def _histograms(draw, place):
    bounds = tuple(draw(_BOUNDS))
    counts = tuple(draw(st.lists(st.integers(0, 99), min_size=len(bounds) + 1, max_size=len(bounds) + 1)))
    total = float(draw(st.integers(0, 10_000))) if sum(counts) else 0.0
    place_of = {0: -math.inf, **{i + 1: bound for i, bound in enumerate(bounds)}}
    kept = tuple(
        Exemplar(max(place_of[index], 0.0), place[2], filtered_attributes={"k": draw(_TEXTS)})
        for index in sorted(draw(st.sets(st.sampled_from(range(len(counts))))) if bounds else ())
    )
    return HistogramPoint(*place, sum(counts), total, counts, bounds, exemplars=kept)


@st.composite
def _theirs(draw):
    """Draw a native metric such as the bridge makes of OpenCensus's."""
    kind = draw(st.sampled_from([SUM, GAUGE, HISTOGRAM]))
    points = draw(_points(_histograms if kind is HISTOGRAM else _numbers))
    if kind is not HISTOGRAM and len({type(point.value) for point in points}) > 1:
        points = [point._replace(value=float(point.value)) for point in points]
    if kind is HISTOGRAM:
        # All rows of one view have the same bounds.
        points = points[:1]
    name, unit, about = draw(_TEXTS), draw(_TEXTS), draw(_TEXTS)
    return Metric(name, unit, about, _convert.SCOPE, None, kind, points, is_monotonic=kind is SUM)


@given(_theirs())
def test_there_and_back(metric):
    """What the bridge makes of OpenCensus's metrics is, by way of OpenCensus's form, the same again."""
    made = _reverse_metrics.metric(metric)
    back = _convert.metric(made, Starts().begin())
    if metric.kind is GAUGE:
        # A gauge has no start there: it is known since it is seen.
        back = back._replace(points=[p._replace(start_ns=q.start_ns) for p, q in _pairs(back, metric)])
    assert metric == back


def _pairs(one, other):
    return zip(one.points, other.points, strict=True)


@given(_theirs())
def test_back_and_there(metric):
    """And OpenCensus's form of it is the same the second time."""
    once = _reverse_metrics.metric(metric)
    twice = _reverse_metrics.metric(_convert.metric(once, Starts().begin()))
    assert _shown(once) == _shown(twice)


def _shown(made):
    """Show one of OpenCensus's metrics, which know no equality."""
    kept = (
        {key.lstrip("_"): value for key, value in vars(made).items()} if hasattr(made, "__dict__") else made
    )
    if isinstance(kept, dict):
        return {key: _shown(value) for key, value in kept.items()}
    return [_shown(each) for each in kept] if isinstance(kept, list) else kept


def test_what_is_lost_of_a_native_histogram():
    """Scope, least and greatest value, bounds up to zero; the exemplars' spans become attributes."""
    point = _histogram((0.0, 5.0), (1, 2, 3), (Exemplar(9.0, NOW, 0xAB, 0xCD),))
    back = _convert.metric(_reverse_metrics.metric(_metric(HISTOGRAM, point)), Starts().begin())
    ids = {"trace_id": f"{0xAB:032x}", "span_id": f"{0xCD:016x}"}
    assert back == Metric(
        "m",
        "By",
        "about m",
        _convert.SCOPE,
        None,
        metrics.MetricKind.HISTOGRAM,
        [
            point._replace(
                bounds=(5.0,),
                bucket_counts=(3, 3),
                min=None,
                max=None,
                exemplars=(Exemplar(9.0, NOW, filtered_attributes=ids),),
            )
        ],
    )
