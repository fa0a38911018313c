"""What a foreign source of metrics may hand over costs itself and never its neighbours."""

from __future__ import annotations

from collections import namedtuple
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from exporters.tests._metric_oracle import decoded_metrics, expected_metric, shown_metric
from midspan.exporters._json_metrics import json_of_metrics
from midspan.exporters.jsonl import read_metrics
from midspan.exporters.otlp import encode_metrics
from midspan.metrics import (
    Buckets,
    Exemplar,
    ExponentialHistogramPoint,
    HistogramPoint,
    Metric,
    MetricKind,
    NumberPoint,
    SummaryPoint,
)
from midspan.resource import Resource
from midspan.trace import InstrumentationScope

SCOPE, RESOURCE = InstrumentationScope("shop"), Resource({})
GOOD = NumberPoint({"good": 1}, 1, 2, 3)
GOOD_SHOWN = [[("good", ("int", "1"))], 1, 2, ("int", "3"), []]
NUMBER = NumberPoint({}, 1, 2, 3)
HISTOGRAM = HistogramPoint({}, 1, 2, 3, 4.0, (1, 2), (5.0,), 0.5, 6.0)
EXPONENTIAL = ExponentialHistogramPoint({}, 1, 2, 3, 4.0, 5, 0, Buckets(0, (3,)), Buckets(0, ()))
SUMMARY = SummaryPoint({}, 1, 2, 3, 4.0, ((0.5, 1.0),))
EXEMPLAR = Exemplar(1.5, 2, 3, 4, {})


class Number(int):
    pass


class Raising:
    def __getattr__(self, name: str) -> Any:
        message = f"no {name}"
        raise RuntimeError(message)


def metric(points, kind=MetricKind.SUM, **changes):
    """Return a metric of some points."""
    return Metric("odd", "1", "", SCOPE, RESOURCE, kind, points)._replace(**changes)


def shown(*batch):
    """Return what protobuf's own runtime reads of a batch."""
    request = ExportMetricsServiceRequest.FromString(encode_metrics(batch))
    return [shown_metric(each.metric) for each in decoded_metrics(request)]


ODD_VALUES = {
    "an int beyond 64 bits": (2**63, ("float", "9.223372036854775808e+18")),
    "a negative one": (-(2**70), ("float", repr(-float(2**70)))),
    "a bool": (True, ("int", "1")),
    "a type derived from int": (Number(5), ("int", "5")),
    "a decimal": (Decimal("1.5"), ("float", "1.5")),
}


@pytest.mark.parametrize(("value", "expected"), ODD_VALUES.values(), ids=list(ODD_VALUES))
def test_an_odd_number_is_sent_as_the_nearest_that_there_is(troubles, value, expected):
    """An integer of more than 64 bits becomes a double; each is counted, and its neighbours arrive."""
    (got,) = shown(metric([GOOD, NUMBER._replace(value=value), GOOD]))
    before, odd, after = got["points"]
    assert (GOOD_SHOWN, GOOD_SHOWN) == (before, after)
    assert (expected[0], float(expected[1])) == (odd[3][0], float(odd[3][1]))
    assert ["encoding.odd_number"] == list(troubles())


def like(point, **changes):
    """Return an object that looks like a point, but for some attributes."""
    return SimpleNamespace(**{**point._asdict(), **changes})


LOST = {
    "a text for a number": (MetricKind.SUM, NUMBER._replace(value="3")),
    "no number": (MetricKind.GAUGE, NUMBER._replace(value=None)),
    "a number beyond every double": (MetricKind.SUM, NUMBER._replace(value=10**400)),
    "no time": (MetricKind.SUM, NUMBER._replace(time_ns=None)),
    "a time before 1970": (MetricKind.SUM, NUMBER._replace(time_ns=-1)),
    "a time beyond 64 bits": (MetricKind.SUM, NUMBER._replace(start_ns=2**64)),
    "no point": (MetricKind.SUM, None),
    "an object that raises": (MetricKind.SUM, Raising()),
    "a point of another kind": (MetricKind.SUM, HISTOGRAM),
    "a number among histograms": (MetricKind.HISTOGRAM, NUMBER),
    "a count below 0": (MetricKind.HISTOGRAM, HISTOGRAM._replace(count=-1)),
    "a bucket below 0": (MetricKind.HISTOGRAM, HISTOGRAM._replace(bucket_counts=(1, -1))),
    "half a count": (MetricKind.HISTOGRAM, HISTOGRAM._replace(count=2.5)),
    "a text for a sum": (MetricKind.HISTOGRAM, HISTOGRAM._replace(sum="4")),
    "a scale beyond 32 bits": (MetricKind.EXPONENTIAL_HISTOGRAM, EXPONENTIAL._replace(scale=2**31)),
    "an offset of text": (
        MetricKind.EXPONENTIAL_HISTOGRAM,
        EXPONENTIAL._replace(positive=Buckets("0", (1,))),  # type: ignore[arg-type]
    ),
    "a bucket of minus one": (
        MetricKind.EXPONENTIAL_HISTOGRAM,
        EXPONENTIAL._replace(negative=Buckets(0, (-1,))),
    ),
    "three numbers for a quantile": (MetricKind.SUMMARY, SUMMARY._replace(quantiles=((1, 2, 3),))),
    "a summary without a sum": (MetricKind.SUMMARY, SUMMARY._replace(sum=None)),
}
GOODS = {
    MetricKind.SUM: GOOD,
    MetricKind.GAUGE: GOOD,
    MetricKind.HISTOGRAM: HISTOGRAM,
    MetricKind.EXPONENTIAL_HISTOGRAM: EXPONENTIAL,
    MetricKind.SUMMARY: SUMMARY,
}


@pytest.mark.parametrize(("kind", "point"), LOST.values(), ids=list(LOST))
def test_a_point_that_cannot_be_sent_is_left_out(troubles, caplog, kind, point):
    """The points around it arrive, those of other metrics too; it is counted, and said once."""
    good = GOODS[kind]
    expected = shown(metric([good, good], kind), metric([GOOD]))
    assert expected == shown(metric([good, point, good], kind), metric([GOOD]))
    assert 1 == troubles()["encoding.no_point"]
    assert 1 == sum("a point of the metric odd is lost" in line for line in caplog.messages)


ODD_METRICS = {
    "none": None,
    "a number": 5,
    "an object that raises": Raising(),
    "no kind": metric([GOOD], kind=None),
    "a kind that is none": metric([GOOD], kind="distribution"),
    "a temporality that is none": metric([GOOD], temporality=7),
    "points that are none": metric(None),
}


@pytest.mark.parametrize("odd", ODD_METRICS.values(), ids=list(ODD_METRICS))
def test_what_is_no_metric_is_left_out(troubles, caplog, odd):
    """Those before and after it arrive; it is counted, and said once."""
    assert [[GOOD_SHOWN]] * 2 == [each["points"] for each in shown(metric([GOOD]), odd, metric([GOOD]))]
    assert ({"encoding.no_metric": 1}, 1) == (troubles(), len(caplog.messages))


@pytest.mark.parametrize(("kind", "point"), LOST.values(), ids=list(LOST))
def test_both_forms_leave_out_the_same(kind, point):
    """What is sent in protobuf of a metric with an odd point is what is sent of it in JSON."""
    batch = [metric([GOODS[kind], point, GOODS[kind]], kind), metric([GOOD])]
    in_json = [expected_metric(each) for each in read_metrics([json_of_metrics(batch)])]
    assert in_json == shown(*batch)


def test_a_metric_without_a_point_left_is_not_sent(troubles):
    """Of nothing there is nothing to tell."""
    assert ([], {"encoding.odd_number": 1, "encoding.no_point": 1}) == (
        shown(metric([NUMBER._replace(value="3")])),
        troubles(),
    )


def test_names_of_kinds_and_numbers_of_temporalities_are_understood(troubles):
    """Who has no enumeration at hand may say "sum" and 1."""
    assert (shown(metric([GOOD], temporality=1)), {}) == (
        shown(metric([GOOD], kind="sum", temporality=1)),
        troubles(),
    )


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [("name", 5, "5"), ("name", "\ud800", "\\ud800"), ("unit", None, ""), ("description", b"x", "b'x'")],
)
def test_odd_texts_are_mended(field, value, expected):
    """A name, a unit or a description that is no text costs nothing else."""
    (got,) = shown(metric([GOOD], **{field: value}))
    assert (expected, [GOOD_SHOWN]) == (got[field], got["points"])


def test_odd_attributes_are_mended(troubles):
    """As those of spans are."""
    (got,) = shown(
        metric([NUMBER._replace(attributes={"a": 2**70, 1: {2}}), NUMBER._replace(attributes=None)])
    )
    assert [("a", ("str", repr(str(2**70)))), ("1", ["list", ("int", "2")])] == got["points"][0][0]
    assert ({"encoding.odd_value": 2, "encoding.odd_text": 1}, []) == (troubles(), got["points"][1][0])


@pytest.mark.parametrize(
    "exemplar",
    [
        None,
        Raising(),
        EXEMPLAR._replace(value="1"),
        EXEMPLAR._replace(trace_id=2**128),
        EXEMPLAR._replace(span_id=-1),
    ],
    ids=["none", "an object that raises", "a text", "a trace beyond its width", "a span below 0"],
)
def test_an_exemplar_that_cannot_be_sent_is_left_out(troubles, exemplar):
    """Its point arrives, and so do the others of it."""
    (got,) = shown(metric([HISTOGRAM._replace(exemplars=(EXEMPLAR, exemplar))], MetricKind.HISTOGRAM))
    assert [[("float", "1.5"), 2, 3, 4, []]] == got["points"][0][-1]
    assert 1 == troubles()["encoding.no_exemplar"]


@pytest.mark.parametrize(
    ("counts", "bounds"), [((1, 2, 3), (5.0,)), ((1, 2), ()), ((), (5.0,)), ((), (1, 2))]
)
def test_buckets_that_contradict_their_bounds_are_left_out(troubles, counts, bounds):
    """A receiver may refuse a whole request for their sake; count, sum and extremes are sent."""
    (got,) = shown(metric([HISTOGRAM._replace(bucket_counts=counts, bounds=bounds)], MetricKind.HISTOGRAM))
    assert [[[], 1, 2, 3, "4.0", "0.5", "6.0", [], [], []]] == got["points"]
    assert {"encoding.odd_buckets": 1} == troubles()


def test_fields_in_another_order_are_not_mistaken():
    """A tuple of somebody's own is read by its names."""
    Own = namedtuple("Own", ["value", "exemplars", "attributes", "time_ns", "start_ns"])  # noqa: PYI024 - as others would
    (got,) = shown(metric([Own(3, (), {"good": 1}, 2, 1)]))
    assert [GOOD_SHOWN] == got["points"]


@pytest.mark.parametrize(
    ("point", "kind"),
    [
        (HISTOGRAM, MetricKind.HISTOGRAM),
        (EXPONENTIAL, MetricKind.EXPONENTIAL_HISTOGRAM),
        (SUMMARY, MetricKind.SUMMARY),
    ],
)
def test_what_only_looks_like_a_point_arrives(troubles, point, kind):
    """Every kind of it, if its attributes are right; a whole number may come as a float."""
    assert (shown(metric([point], kind)), {"encoding.odd_number": 1}) == (
        shown(metric([like(point, count=3.0)], kind)),
        troubles(),
    )


def test_an_odd_resource_or_scope_does_not_cost_the_batch(troubles):
    """What can be read of them is told, and what raises is not."""
    odd = SimpleNamespace(attributes=5, name="s")
    batch = metric([GOOD], scope=odd), metric([GOOD], resource=Raising()), metric([GOOD])
    assert [[GOOD_SHOWN]] * 3 == [each["points"] for each in shown(*batch)]
    assert {"encoding.odd_origin": 2} == troubles()
