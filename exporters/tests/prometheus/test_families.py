"""What each kind of metric is to Prometheus, as the parser of OpenMetrics reads it."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.samples import Timestamp

from midspan.exporters.prometheus._labels import EMPTY
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
OWN = (("otel_scope_name", "shop"), ("otel_scope_version", "1.2"))
RESOURCE = Resource({"service.name": "shop", "host.id": 7})
TRACED = Exemplar(3.0, 1_700_000_000_000_000_001, 0xABC, 0xDEF, {"cart": 31})
TRACE = {"trace_id": f"{0xABC:032x}", "span_id": f"{0xDEF:016x}", "cart": "31"}


def metric(
    kind: MetricKind, name: str, *points: Any, unit: str = "", scope: Any = SCOPE, **more: Any
) -> Metric:
    """Return a metric of the shop's."""
    return Metric(name, unit, f"all of {name}", scope, RESOURCE, kind, points, **more)


def number(value: float, exemplars: Any = (), **attributes: Any) -> NumberPoint:
    """Return a point of a sum or a gauge."""
    return NumberPoint(attributes, 1, 2, value, exemplars)


def counter(name: str, *points: Any, **more: Any) -> Metric:
    """Return a monotonic sum."""
    return metric(MetricKind.SUM, name, *points, is_monotonic=True, **more)


def gauge(name: str, *points: Any, **more: Any) -> Metric:
    """Return a gauge."""
    return metric(MetricKind.GAUGE, name, *points, **more)


def buckets_of(shown: Any, name: str) -> dict[str, float]:
    """Return the numbers of a histogram's buckets by their bounds."""
    return {dict(labels)["le"]: value for labels, value in shown.samples(f"{name}_bucket").items()}


def test_what_only_grows_is_a_counter(show):
    """With its unit in the name and `_total` at the end; its help is the description."""
    shown = show(counter("sent", number(5, k="v"), unit="By"))
    family = shown["sent_bytes"]
    assert ("counter", "bytes", "all of sent") == (family.type, family.unit, family.documentation)
    assert {(("k", "v"), *OWN): 5.0} == shown.samples("sent_bytes_total")


def test_what_also_shrinks_is_a_gauge(show):
    """A sum that is not monotonic can be shown in no other way."""
    shown = show(metric(MetricKind.SUM, "carts", number(-2)))
    assert ("gauge", {OWN: -2.0}) == (shown["carts"].type, shown.samples("carts"))


def test_a_histogram_counts_all_up_to_each_bound(show):
    """Buckets are cumulative, the last holds all, and sum and count stand beside them."""
    point = HistogramPoint({"le": "x"}, 1, 2, 6, 12.5, (1, 2, 3), (0.5, 10.0))
    shown = show(metric(MetricKind.HISTOGRAM, "latency", point, unit="ms"), scope_labels=False)
    name = "latency_milliseconds"
    assert {"0.5": 1, "10.0": 3, "+Inf": 6} == buckets_of(shown, name)
    own = (("exported_le", "x"),)
    assert ({own: 12.5}, {own: 6}) == (shown.samples(f"{name}_sum"), shown.samples(f"{name}_count"))


def test_a_histogram_without_buckets_has_one(show):
    """All of it."""
    point = HistogramPoint({}, 1, 2, 6, 12.5, (), ())
    assert {"+Inf": 6} == buckets_of(show(metric(MetricKind.HISTOGRAM, "latency", point)), "latency")


def test_what_may_be_negative_has_no_sum(show):
    """A sum that can shrink is none to OpenMetrics; the count is the last bucket's."""
    point = HistogramPoint({}, 1, 2, 6, -12.5, (1, 5), (-0.5,))
    shown = show(metric(MetricKind.HISTOGRAM, "drift", point))
    assert ({"-0.5": 1, "+Inf": 6}, {}) == (buckets_of(shown, "drift"), shown.samples("drift_sum"))


def test_an_exponential_histogram_has_a_bucket_for_each_power_of_two(show):
    """Whatever its scale is: bounds stay where they are when it becomes coarser."""
    positive = Buckets(-3, (1, 2, 0, 4, 8))
    fine = ExponentialHistogramPoint({}, 1, 2, 17, 9.5, 1, 2, positive, Buckets(0, ()))
    coarse = fine._replace(scale=-1, positive=Buckets(0, (15,)))
    expected = {"0.0": 2, "0.5": 3, "1.0": 5, "2.0": 17, "+Inf": 17}
    assert expected == buckets_of(show(metric(MetricKind.EXPONENTIAL_HISTOGRAM, "e", fine)), "e")
    expected = {"0.0": 2, "4.0": 17, "+Inf": 17}
    assert expected == buckets_of(show(metric(MetricKind.EXPONENTIAL_HISTOGRAM, "e", coarse)), "e")


def test_negative_values_of_an_exponential_histogram_come_first(show):
    """In rising order, before zero."""
    sides = Buckets(0, (3,)), Buckets(0, (1, 2))
    point = ExponentialHistogramPoint({}, 1, 2, 10, None, 0, 4, *sides)
    expected = {"-2.0": 2, "-1.0": 3, "0.0": 7, "2.0": 10, "+Inf": 10}
    assert expected == buckets_of(show(metric(MetricKind.EXPONENTIAL_HISTOGRAM, "e", point)), "e")


def test_a_summary_has_quantiles(show):
    """As only foreign sources make them."""
    point = SummaryPoint({}, 1, 2, 3, 4.5, ((0.5, 1.25), (0.99, 2.75)))
    shown = show(metric(MetricKind.SUMMARY, "s", point), scope_labels=False)
    assert {(("quantile", "0.5"),): 1.25, (("quantile", "0.99"),): 2.75} == shown.samples("s")
    assert ({(): 4.5}, {(): 3}) == (shown.samples("s_sum"), shown.samples("s_count"))


def test_a_counter_points_to_its_newest_trace(show):
    """With what a view took away from the attributes, as far as there is room."""
    older = TRACED._replace(timestamp_ns=1, trace_id=1)
    long = TRACED._replace(filtered_attributes={"cart": 31, "note": "x" * 128})
    shown = show(counter("orders", number(3, (long, older))))
    (sample,) = shown["orders"].samples
    assert (TRACE, 3.0) == (sample.exemplar.labels, sample.exemplar.value)
    assert Timestamp(1_700_000_000, 1) == sample.exemplar.timestamp


def test_a_bucket_points_to_a_trace_of_its_own(show):
    """To one whose value it holds."""
    point = HistogramPoint({}, 1, 2, 3, 9.0, (1, 1, 1), (1.0, 5.0), exemplars=(TRACED,))
    shown = show(metric(MetricKind.HISTOGRAM, "latency", point))
    pointed = {s.labels["le"]: s.exemplar.labels for s in shown["latency"].samples if s.exemplar}
    assert {"5.0": TRACE} == pointed


def test_the_resource_is_told_once(show):
    """All of its attributes are labels of `target_info`."""
    shown = show(gauge("g", number(1)))
    assert {(("host_id", "7"), ("service_name", "shop")): 1.0} == shown.samples("target_info")


def test_resource_and_scope_can_be_left_out(show):
    """Who has them elsewhere saves the labels."""
    shown = show(gauge("g", number(1)), scope_labels=False, target_info=False)
    assert (["g"], {(): 1.0}) == (list(shown), shown.samples("g"))


def test_one_name_of_two_scopes_is_one_family(show):
    """Their series are told apart by the scope, and the first one's description is shown."""
    other = InstrumentationScope("stock")
    shown = show(counter("orders", number(1)), counter("orders", number(2), scope=other))
    assert {OWN: 1.0, (("otel_scope_name", "stock"),): 2.0} == shown.samples("orders_total")


@pytest.mark.parametrize(
    "second",
    [
        gauge("orders", number(2)),
        gauge("orders_total", number(2)),
        gauge("orders_created", number(2)),
    ],
    ids=["another type", "a sample's name", "a reserved name"],
)
def test_of_two_that_want_one_name_the_first_has_it(show, troubles, second):
    """The other is left out, which is said and counted."""
    shown = show(counter("orders", number(1)), second)
    assert ({"target", "orders"}, {OWN: 1.0}) == (set(shown), shown.samples("orders_total"))
    assert 2 == troubles()["prometheus.same_name"]


def test_counts_that_cannot_be_told_apart_are_added_up(show):
    """So that no total is lost: of counters, and of histograms with the same bounds."""
    histogram = [HistogramPoint({"k": k}, 1, 2, 3, 1.5, (1, 2), (1.0,)) for k in (1, "1")]
    shown = show(
        counter("orders", number(2, **{"k.a": "v"}), number(3, k_a="v")),
        metric(MetricKind.HISTOGRAM, "latency", *histogram),
        scope_labels=False,
    )
    assert {(("k_a", "v"),): 5.0} == shown.samples("orders_total")
    assert ({"1.0": 2, "+Inf": 6}, {(("k", "1"),): 3.0}) == (
        buckets_of(shown, "latency"),
        shown.samples("latency_sum"),
    )


def test_of_levels_that_cannot_be_told_apart_one_is_shown(show, troubles):
    """Two levels have no sum; that one is missing is said and counted."""
    shown = show(gauge("g", number(2, k=True), number(3, k="true")), scope_labels=False)
    assert ({(("k", "true"),): 2.0}, 2) == (shown.samples("g"), troubles()["prometheus.same_labels"])


def test_a_missing_and_an_empty_attribute_are_two_series(show):
    """Prometheus would refuse the whole scrape if they were one."""
    shown = show(gauge("g", number(2), number(3, k="")), scope_labels=False)
    assert {(): 2.0, (("k", EMPTY),): 3.0} == shown.samples("g")


def test_changes_are_no_totals(show, troubles):
    """A source that tells of changes only cannot be shown, which is said and counted."""
    shown = show(counter("orders", number(1), temporality=Temporality.DELTA), gauge("g", number(1)))
    assert ({"target", "g"}, 2) == (set(shown), troubles()["prometheus.delta"])


@pytest.mark.parametrize(
    "odd",
    [
        counter("odd", number(-1)),
        counter("odd", number(float("nan"))),
        counter("odd", number("3")),
        counter("odd", None),
        metric(MetricKind.HISTOGRAM, "odd", HistogramPoint({}, 1, 2, 3, 1.0, (1, 2), (2.0, 1.0, 0.5))),
        metric(MetricKind.HISTOGRAM, "odd", HistogramPoint({}, 1, 2, 3, 1.0, (1, 1, 1), (2.0, 1.0))),
        metric(MetricKind.HISTOGRAM, "odd", HistogramPoint({}, 1, 2, 3, 1.0, (9, 9), (2.0,))),
        metric("no kind", "odd", number(1)),
        None,
    ],
)
def test_what_contradicts_itself_costs_itself(show, troubles, odd):
    """The other metrics are shown all the same, and the loss is counted."""
    shown = show(odd, gauge("g", number(1)), target_info=False)
    assert {OWN: 1.0} == shown.samples("g")
    assert [] == (shown["odd"].samples if "odd" in shown else [])
    assert any(cause.startswith("prometheus.no_") for cause in troubles())
