"""What is written, as Google's protobuf library decodes it."""

from __future__ import annotations

import math

from hypothesis import HealthCheck, given, settings

from exporters.tests._metric_strategies import metric_batches
from exporters.tests.prometheus._write_oracle import decode, samples_of
from midspan.exporters.prometheus import encode_write_request
from midspan.metrics import Exemplar, HistogramPoint, Metric, MetricKind, NumberPoint, SummaryPoint
from midspan.resource import Resource
from midspan.trace import InstrumentationScope

AT_NS, AT_MS = 1_700_000_000_123_456_789, 1_700_000_000_123
PLACE = {"service.name": "shop", "service.namespace": "eu", "service.instance.id": "i-7", "host.id": 7}
OWN = {"job": "eu/shop", "instance": "i-7"}


def metric(kind, name, *points, unit="", resource=None, **more) -> Metric:
    """Return a metric of the shop's."""
    resource = Resource(PLACE) if resource is None else resource
    scope = InstrumentationScope("shop")
    return Metric(name, unit, f"all of {name}", scope, resource, kind, points, **more)


def written(*metrics, **options) -> dict[tuple[tuple[str, str], ...], float]:
    """Return the values that are written by their labels."""
    request = decode(encode_write_request(metrics, **{"scope_labels": False, **options}))
    return {labels: samples[0][0] for labels, samples in samples_of(request).items()}


def series(name, **labels) -> tuple[tuple[str, str], ...]:
    """Return what tells a series apart."""
    return tuple(sorted({"__name__": name, **OWN, **labels}.items()))


def test_a_counter_is_a_series():
    """With its name, its labels in order, its place, its time in milliseconds, and what it is."""
    point = NumberPoint({"k.a": "v"}, 1, AT_NS, 3)
    made = metric(MetricKind.SUM, "sent", point, unit="By", is_monotonic=True)
    request = decode(encode_write_request([made], target_info=False))
    labels = series("sent_bytes_total", k_a="v", otel_scope_name="shop")
    assert {labels: [(3.0, AT_MS)]} == samples_of(request)
    (metadata,) = request.metadata
    assert (1, "sent_bytes_total", "all of sent", "bytes") == (
        metadata.type,
        metadata.metric_family_name,
        metadata.help,
        metadata.unit,
    )


def test_a_histogram_is_cumulative_buckets_with_sum_and_count():
    """Each bucket counts all values up to its bound; sum and count stand there whatever the bounds are."""
    point = HistogramPoint({}, 1, AT_NS, 6, -12.5, (1, 2, 3), (-0.5, 10.0))
    assert {
        series("latency_bucket", le="-0.5"): 1.0,
        series("latency_bucket", le="10.0"): 3.0,
        series("latency_bucket", le="+Inf"): 6.0,
        series("latency_sum"): -12.5,
        series("latency_count"): 6.0,
    } == written(metric(MetricKind.HISTOGRAM, "latency", point), target_info=False)


def test_a_summary_is_quantiles_with_sum_and_count():
    """As when it is scraped."""
    point = SummaryPoint({}, 1, AT_NS, 3, 4.5, ((0.5, 1.25),))
    assert {series("s", quantile="0.5"): 1.25, series("s_sum"): 4.5, series("s_count"): 3.0} == written(
        metric(MetricKind.SUMMARY, "s", point), target_info=False
    )


def test_a_quantile_that_is_told_twice_is_one_series():
    """A foreign source may say so; Prometheus would refuse the request."""
    point = SummaryPoint({}, 1, AT_NS, 3, 4.5, ((0.5, 1.0), (0.5, 1.25)))
    request = decode(encode_write_request([metric(MetricKind.SUMMARY, "s", point)]))
    labels = [tuple((label.name, label.value) for label in each.labels) for each in request.timeseries]
    assert len(set(labels)) == len(labels)


def test_an_exemplar_goes_with_its_bucket():
    """With the trace that it leads to."""
    exemplar = Exemplar(3.0, AT_NS, 0xABC, 0xDEF, {"cart": 31})
    point = HistogramPoint({}, 1, AT_NS, 2, 4.0, (1, 1), (2.0,), exemplars=(exemplar,))
    request = decode(encode_write_request([metric(MetricKind.HISTOGRAM, "latency", point)]))
    (pointing,) = [each for each in request.timeseries if each.exemplars]
    (got,) = pointing.exemplars
    assert {"trace_id": f"{0xABC:032x}", "span_id": f"{0xDEF:016x}", "cart": "31"} == {
        label.name: label.value for label in got.labels
    }
    assert (3.0, AT_MS) == (got.value, got.timestamp)


def test_each_resource_is_told_in_its_place():
    """Metrics of two services in one request are theirs, and `target_info` has what else is known of each."""
    other = Resource({"service.name": "stock"})
    point = NumberPoint({}, 1, AT_NS, 1)
    assert {
        series("g"): 1.0,
        series("target_info", host_id="7"): 1.0,
        (("__name__", "g"), ("job", "stock")): 1.0,
        (("__name__", "target_info"), ("job", "stock")): 1.0,
    } == written(metric(MetricKind.GAUGE, "g", point), metric(MetricKind.GAUGE, "g", point, resource=other))


def test_an_attribute_is_not_taken_for_a_place():
    """`job` of an attribute is `exported_job`, as when Prometheus scrapes."""
    point = NumberPoint({"job": "x"}, 1, AT_NS, 1)
    assert {series("g", exported_job="x"): 1.0} == written(
        metric(MetricKind.GAUGE, "g", point), target_info=False
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(batch=metric_batches())
def test_any_metrics_can_be_written(batch):
    """Whatever they are, the request can be decoded, and each series of a resource is there once."""
    one = Resource({"service.name": "shop"})
    written = samples_of(decode(encode_write_request([each._replace(resource=one) for each in batch])))
    assert all(len(samples) == 1 for samples in written.values())
    infinite = [key for key in written if dict(key)["__name__"].endswith("_bucket")]
    assert all(not math.isnan(written[key][0][0]) for key in infinite)
