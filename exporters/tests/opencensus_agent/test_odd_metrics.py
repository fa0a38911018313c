"""Metrics that hold what cannot be sent: a point that is odd costs that point at most."""

from __future__ import annotations

import pytest

from exporters.tests.opencensus_agent._decoder import decode_metrics
from exporters.tests.opencensus_agent.test_metrics import histogram, metric, number
from midspan.exporters.opencensus_agent import encode_metrics
from midspan.metrics import Exemplar, MetricKind

GOOD = number(1, {"good": "yes"})
CYCLIC = []
CYCLIC.append(CYCLIC)


def points_of(given):
    """Return the points of a metric with a good one before and behind."""
    payload = encode_metrics([metric(MetricKind.GAUGE, GOOD, given, GOOD)])
    return [series["points"][0] for series in decode_metrics(payload)["metrics"][0]["timeseries"]]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2**70, {"double_value": float(2**70)}), (True, {"int64_value": 1})],
)
def test_an_odd_number(troubles, value, expected):
    """It becomes the nearest that there is, and is counted."""
    told = points_of(number(value))[1]
    assert expected.items() <= told.items()
    assert troubles()["encoding.odd_number"] > 0


@pytest.mark.parametrize("point", [None, number("3"), number(1)._replace(time_ns=-1), number(None)])
def test_a_point_that_is_none(troubles, point):
    """It is left out, counted, and its neighbours arrive."""
    assert (2, 1) == (len(points_of(point)), troubles()["encoding.no_point"])


@pytest.mark.parametrize(
    "attributes", [{"odd": 2**70}, {"odd": "\ud800"}, {1: 2}, {"odd": {1}}, {"odd": CYCLIC}]
)
def test_odd_attributes(attributes):
    """They are told as texts."""
    assert 3 == len(points_of(number(1, attributes)))


def test_an_odd_exemplar(troubles):
    """It is left out, and the point arrives."""
    given = histogram((1, 5), (1.0,), exemplars=(Exemplar(5.0, -1), Exemplar(0.5, 7)))
    (told,) = decode_metrics(encode_metrics([given]))["metrics"]
    buckets = told["timeseries"][0]["points"][0]["distribution_value"]["buckets"]
    assert (0.5, 1) == (buckets[0]["exemplar"]["value"], troubles()["encoding.no_exemplar"])


def test_buckets_that_contradict_their_bounds(troubles):
    """Count and sum are told without them."""
    (told,) = decode_metrics(encode_metrics([histogram((1, 2), (0.5, 5.0, 9.0))]))["metrics"]
    distribution = told["timeseries"][0]["points"][0]["distribution_value"]
    assert ({"count": 6, "sum": 12.5}, 1) == (distribution, troubles()["encoding.odd_buckets"])


def test_counts_beyond_what_opencensus_has(troubles):
    """They are told as the largest that it has, and counted."""
    (told,) = decode_metrics(encode_metrics([histogram((), (), count=2**64 - 1)]))["metrics"]
    assert 2**63 - 1 == told["timeseries"][0]["points"][0]["distribution_value"]["count"]
    assert 1 == troubles()["encoding.odd_number"]


@pytest.mark.parametrize("thing", [None, 5, metric(MetricKind.SUM, GOOD)._replace(kind=None)])
def test_what_is_no_metric(troubles, thing):
    """It is left out and counted; metrics before and after it arrive."""
    good = metric(MetricKind.GAUGE, GOOD)
    told = decode_metrics(encode_metrics([good, thing, good]))["metrics"]
    assert (2, 1) == (len(told), troubles()["encoding.no_metric"])


def test_a_scope_that_is_none():
    """The metric arrives without its labels."""
    (told,) = decode_metrics(encode_metrics([metric(MetricKind.GAUGE, GOOD, scope=5)]))["metrics"]
    assert [{"key": "good"}] == told["metric_descriptor"]["label_keys"]
