"""Where each concept of a metric lands: the rows of the table in docs/exporters.md."""

from __future__ import annotations

import math

import pytest

from exporters.tests.opencensus_agent._decoder import decode_metrics, one_metric
from midspan.exporters.opencensus_agent import encode_metrics
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

SCOPE = InstrumentationScope("shop", "1.2")
RESOURCE = Resource({"service.name": "shop", "zone": "a"})
START_NS, TIME_NS = 1_700_000_000_000_000_001, 1_700_000_060_000_000_002
GAUGE_INT64, GAUGE_DOUBLE = 1, 2
CUMULATIVE_INT64, CUMULATIVE_DOUBLE, CUMULATIVE_DISTRIBUTION, SUMMARY = 4, 5, 6, 7
NO_BUCKETS = Buckets(0, ())
ROUTE = {"route": "/"}


def metric(kind, *points, scope=SCOPE, **more):
    """Return a finished metric."""
    return Metric("orders", "ms", "all orders", scope, RESOURCE, kind, points, **more)


def number(value, attributes=ROUTE):
    """Return a point of a sum or a gauge."""
    return NumberPoint(attributes, START_NS, TIME_NS, value, (Exemplar(1, TIME_NS, 2, 3),))


def shown(given, **options):
    """Return the only metric of a request with this one."""
    return one_metric(encode_metrics([given], **options))


def type_of(given):
    """Return the number of a metric's type."""
    return shown(given)["metric_descriptor"]["type"]


def points_of(given):
    """Return the points of a metric's series, of which each has one."""
    (told,) = zip(*(series["points"] for series in shown(given)["timeseries"]), strict=True)
    return told


def test_descriptor():
    """Name, description, unit and keys; those that name the scope come last."""
    told = shown(metric(MetricKind.GAUGE, number(1)))["metric_descriptor"]
    keys = [{"key": key} for key in ("route", "otel.scope.name", "otel.scope.version")]
    assert {
        "name": "orders",
        "description": "all orders",
        "unit": "ms",
        "type": GAUGE_INT64,
        "label_keys": keys,
    } == told


@pytest.mark.parametrize(
    ("kind", "is_monotonic", "values", "expected"),
    [
        (MetricKind.SUM, True, (1, 2), CUMULATIVE_INT64),
        (MetricKind.SUM, True, (1, 2.5), CUMULATIVE_DOUBLE),
        (MetricKind.SUM, False, (1, -2), GAUGE_INT64),
        (MetricKind.SUM, False, (1.5,), GAUGE_DOUBLE),
        (MetricKind.GAUGE, False, (1,), GAUGE_INT64),
        (MetricKind.GAUGE, False, (1, 1.5), GAUGE_DOUBLE),
    ],
)
def test_numbers(kind, is_monotonic, values, expected):
    """What only grows is cumulative, the rest are gauges; one double makes doubles of all."""
    given = metric(kind, *map(number, values), is_monotonic=is_monotonic)
    field = "int64_value" if expected in {GAUGE_INT64, CUMULATIVE_INT64} else "double_value"
    told = [point[field] for point in points_of(given)]
    assert (expected, list(values)) == (type_of(given), told)


def test_zero_is_a_value():
    """It is written, since a point without any would have none."""
    assert [{"timestamp": TIME_NS, "int64_value": 0}] == list(points_of(metric(MetricKind.GAUGE, number(0))))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (metric(MetricKind.SUM, number(1), is_monotonic=True), START_NS),
        (metric(MetricKind.SUM, number(1)), None),
        (metric(MetricKind.GAUGE, number(1)), None),
        (metric(MetricKind.SUMMARY, SummaryPoint({}, START_NS, TIME_NS, 0, 0.0)), START_NS),
        (metric(MetricKind.SUM, number(1)._replace(start_ns=0), is_monotonic=True), None),
    ],
)
def test_start(given, expected):
    """Said of what is counted from there on; where nobody knows it, it is absent."""
    (series,) = shown(given)["timeseries"]
    assert expected == series.get("start_timestamp")


def values_of(given, **options):
    """Return the values of each series' labels, by key; None for one that has none."""
    told = shown(given, **options)
    keys = [label["key"] for label in told["metric_descriptor"].get("label_keys", ())]
    return [
        dict(zip(keys, map(value_of, series.get("label_values", ())), strict=True))
        for series in told["timeseries"]
    ]


def value_of(label):
    """Return the value of a label, None if it has none."""
    return label.get("value", "") if label.get("has_value") else None


def test_labels():
    """Each series has a value for each key, or says that it has none; an empty one is a value."""
    series = {"a": "x"}, {"b": ""}, {"a": None}, {}
    told = values_of(metric(MetricKind.GAUGE, *(number(1, each) for each in series)), scope_labels=False)
    assert [{"a": "x", "b": None}, {"a": None, "b": ""}, *[{"a": None, "b": None}] * 2] == told


def test_labels_are_texts():
    """As the OpenTelemetry specification writes values as texts."""
    given = {"yes": True, "n": -1, "d": 1.5, "list": ("a", 1), "bytes": b"\xff"}
    (told,) = values_of(metric(MetricKind.GAUGE, number(1, given)), scope_labels=False)
    assert {"yes": "true", "n": "-1", "d": "1.5", "list": '["a",1]', "bytes": "/w=="} == told


def test_labels_of_the_scope():
    """They win over attributes that are called the same, and can be switched off."""
    given = metric(MetricKind.GAUGE, number(1, {"otel.scope.name": "odd"}))
    assert [{"otel.scope.name": "shop", "otel.scope.version": "1.2"}] == values_of(given)
    assert [{"otel.scope.name": "odd"}] == values_of(given, scope_labels=False)


def histogram(counts, bounds, total=12.5, exemplars=(), count=6):
    """Return a metric with a point of a histogram."""
    point = HistogramPoint(ROUTE, START_NS, TIME_NS, count, total, counts, bounds, -1.0, 9.0, exemplars)
    return metric(MetricKind.HISTOGRAM, point)


def distribution_of(given):
    """Return the distribution of the only point."""
    (point,) = points_of(given)
    return point["distribution_value"]


def buckets_of(given):
    """Return the bounds of the only point, and how many are in each bucket."""
    told = distribution_of(given)
    return told["bucket_options"]["explicit"]["bounds"], [bucket["count"] for bucket in told["buckets"]]


def test_a_histogram():
    """A cumulative distribution with its count, its sum and its buckets."""
    given = histogram((1, 2, 3), (0.5, 5.0))
    told = distribution_of(given)
    assert (CUMULATIVE_DISTRIBUTION, 6, 12.5) == (type_of(given), told["count"], told["sum"])
    assert ([0.5, 5.0], [1, 2, 3]) == buckets_of(given)


def test_a_histogram_without_a_sum():
    """It says none."""
    assert "sum" not in distribution_of(histogram((1, 2), (1.0,), None))


@pytest.mark.parametrize("counts", [(), (6,)])
def test_a_histogram_without_bounds(counts):
    """It has no buckets, just count and sum."""
    assert {"count": 6, "sum": 12.5} == distribution_of(histogram(counts, ()))


@pytest.mark.parametrize(
    ("bounds", "counts", "expected"),
    [
        ((-1.0, 0.0, 5.0), (1, 2, 3, 4), ([5.0], [6, 4])),
        ((0.0, 5.0, math.inf), (1, 2, 3, 4), ([5.0], [3, 7])),
        ((1.0, 1.0, 2.0), (1, 2, 3, 4), ([1.0, 2.0], [1, 5, 4])),
    ],
)
def test_bounds_that_opencensus_has_not(bounds, counts, expected):
    """They must be above zero and rise: what is counted below another one goes to the next bucket."""
    assert expected == buckets_of(histogram(counts, bounds, count=10))


def test_only_bounds_that_opencensus_has_not():
    """No buckets are left."""
    assert "buckets" not in distribution_of(histogram((1, 2), (0.0,)))


def test_exemplars():
    """The newest of each bucket, with what a view took away and its span as attachments."""
    exemplars = (
        Exemplar(0.25, TIME_NS - 1, 0xABC, 0xDEF, {"user": 5}),
        Exemplar(0.5, TIME_NS - 2),
        Exemplar(7, TIME_NS - 3),
    )
    told = distribution_of(histogram((1, 2, 3), (0.5, 5.0), exemplars=exemplars))
    ids = {"trace_id": f"{0xABC:032x}", "span_id": f"{0xDEF:016x}"}
    assert [
        {"value": 0.25, "timestamp": TIME_NS - 1, "attachments": {"user": "5", **ids}},
        None,
        {"value": 7.0, "timestamp": TIME_NS - 3},
    ] == [bucket.get("exemplar") for bucket in told["buckets"]]


def exponential(scale, zero_count, positive, negative=NO_BUCKETS, exemplars=()):
    """Return a metric with a point of an exponential histogram."""
    count = zero_count + sum(positive.counts) + sum(negative.counts)
    frame = ROUTE, START_NS, TIME_NS, count, 12.5
    point = ExponentialHistogramPoint(*frame, scale, zero_count, positive, negative, exemplars=exemplars)
    return metric(MetricKind.EXPONENTIAL_HISTOGRAM, point)


def test_an_exponential_histogram():
    """Each bucket has a bound; what is not above zero is counted below all of them."""
    given = exponential(0, 2, Buckets(1, (3, 0, 4)), Buckets(0, (1,)), (Exemplar(3.0, TIME_NS),))
    told = distribution_of(given)
    assert (CUMULATIVE_DISTRIBUTION, 10, 12.5) == (type_of(given), told["count"], told["sum"])
    assert ([2.0, 4.0, 8.0, 16.0], [3, 3, 0, 4, 0]) == buckets_of(given)
    assert [1] == [at for at, bucket in enumerate(told["buckets"]) if "exemplar" in bucket]


def test_a_finer_exponential_histogram():
    """The bounds grow by the factor that the scale says."""
    bounds, counts = buckets_of(exponential(1, 0, Buckets(-1, (1, 2))))
    assert (pytest.approx([2**-0.5, 1.0, 2**0.5]), [0, 1, 2, 0]) == (bounds, counts)


@pytest.mark.parametrize("scale", [-(2**31), -12, -11, 20, 2**31 - 1])
@pytest.mark.parametrize("offset", [-(2**31), -1, 0, 2**31 - 1])
def test_exponential_buckets_beyond_all_doubles(scale, offset):
    """No count is lost, whatever the scale and the place are."""
    told = distribution_of(exponential(scale, 1, Buckets(offset, (1, 2))))
    assert 4 == sum(bucket["count"] for bucket in told.get("buckets", [{"count": 4}]))


def test_an_exponential_histogram_without_positive_values():
    """It has count and sum alone."""
    assert {"count": 2, "sum": 12.5} == distribution_of(exponential(0, 2, NO_BUCKETS))


def test_a_summary():
    """Quantiles are percentiles there, which rise and are above zero."""
    quantiles = (0.99, 2.75), (0.5, 1.25), (0.0, 0.5), (0.5, 1.5), (1.0, 3.0)
    given = metric(MetricKind.SUMMARY, SummaryPoint(ROUTE, START_NS, TIME_NS, 3, 4.5, quantiles))
    ((point,), kind) = points_of(given), type_of(given)
    told = point["summary_value"]
    assert (SUMMARY, 3, 4.5) == (kind, told["count"], told["sum"])
    assert [(50.0, 1.5), (99.0, 2.75), (100.0, 3.0)] == [
        (each["percentile"], each["value"]) for each in told["snapshot"]["percentile_values"]
    ]


@pytest.mark.parametrize(
    "given",
    [
        metric(MetricKind.SUM, number(1), temporality=Temporality.DELTA, is_monotonic=True),
        histogram((1, 5), (1.0,))._replace(temporality=Temporality.DELTA),
        exponential(0, 2, Buckets(0, (1,)))._replace(temporality=Temporality.DELTA),
    ],
)
def test_delta(troubles, given):
    """What tells of changes only is left out, said and counted."""
    assert ({"node"}, 1) == (
        decode_metrics(encode_metrics([given])).keys(),
        troubles()["opencensus_agent.delta"],
    )


def test_the_temporality_of_a_gauge_means_nothing():
    """It is told in any case."""
    assert GAUGE_INT64 == type_of(metric(MetricKind.GAUGE, number(1), temporality=Temporality.DELTA))


def test_a_metric_without_points():
    """There is nothing to tell of it."""
    assert {"node"} == decode_metrics(encode_metrics([metric(MetricKind.GAUGE)])).keys()


def test_who_sends():
    """As for spans: the node has the service's name, the labels of the resource the rest."""
    told = decode_metrics(encode_metrics([metric(MetricKind.GAUGE, number(1))]))
    assert ({"name": "shop"}, {"zone": "a"}) == (told["node"]["service_info"], told["resource"]["labels"])


def test_several_resources():
    """Each metric names its own."""
    one = metric(MetricKind.GAUGE, number(1))
    told = decode_metrics(encode_metrics([one, one._replace(resource=Resource({"service.name": "b"}))]))
    assert ["shop", "b"] == [each["resource"]["labels"]["service.name"] for each in told["metrics"]]
