from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from exporters.tests._metric_oracle import decoded_metrics, shown_metric
from exporters.tests._metric_strategies import metric_batches
from exporters.tests._oracle import decode, shown_span
from exporters.tests._strategies import batches
from midspan.exporters._json_form import json_of_spans
from midspan.exporters._json_metrics import json_of_metrics
from midspan.exporters.jsonl import read, read_metrics
from midspan.exporters.otlp import encode_metrics, encode_spans
from midspan.exporters.otlp._halving import halve_json, halve_protobuf


def spans_of(payload):
    """Return each span with what stands above it, as protobuf's own runtime reads them."""
    return [(repr(shown_span(each.span)), each.resource, each.scope) for each in decode(payload)]


def metrics_of(payload):
    """Return the same of metrics."""
    decoded = decoded_metrics(ExportMetricsServiceRequest.FromString(payload))
    return [(repr(shown_metric(each.metric)), each.resource, each.scope) for each in decoded]


def points_of(payload):
    """Return how many points a payload has."""
    request = ExportMetricsServiceRequest.FromString(payload)
    return sum(
        len(getattr(metric, metric.WhichOneof("data")).data_points)
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    )


@given(batches())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40)
def test_halves_of_spans_are_the_whole(spans):
    """Every span is in one of the two, in its place, under its resource and scope; each is told its count."""
    payload = encode_spans(spans)
    halves = halve_protobuf("traces", payload)
    if len(spans) < 2:
        assert [] == halves
        return
    assert spans_of(payload) == [span for half, _ in halves for span in spans_of(half)]
    assert [count for _, count in halves] == [len(spans_of(half)) for half, _ in halves]
    assert min(count for _, count in halves) >= 1


@given(metric_batches())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40)
def test_halves_of_metrics_are_the_whole(batch):
    """The same of metrics, counted in points."""
    payload = encode_metrics(batch)
    halves = halve_protobuf("metrics", payload)
    if len(metrics_of(payload)) < 2:
        assert [] == halves
        return
    assert metrics_of(payload) == [metric for half, _ in halves for metric in metrics_of(half)]
    assert [count for _, count in halves] == [points_of(half) for half, _ in halves]


@given(batches())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=20)
def test_halves_of_spans_in_json_are_the_whole(spans):
    """The other form, by the same rule."""
    payload = json_of_spans(spans).encode()
    halves = halve_json("traces", payload)
    if len(spans) < 2:
        assert [] == halves
        return
    assert [span.context for span in read([payload])] == [
        span.context for half, _ in halves for span in read([half])
    ]
    assert [count for _, count in halves] == [len(list(read([half]))) for half, _ in halves]


@given(metric_batches())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=20)
def test_halves_of_metrics_in_json_are_the_whole(batch):
    """The other form, counted in points."""
    payload = json_of_metrics(batch).encode()
    halves = halve_json("metrics", payload)
    names = [metric.name for metric in read_metrics([payload])]
    if len(names) < 2:
        assert [] == halves
        return
    assert names == [metric.name for half, _ in halves for metric in read_metrics([half])]
    assert [count for _, count in halves] == [
        sum(len(metric.points) for metric in read_metrics([half])) for half, _ in halves
    ]


@pytest.mark.parametrize("cut", [halve_protobuf, halve_json])
def test_what_is_no_request_is_said_to_be_none(cut):
    """A body that somebody has damaged cannot be cut."""
    with pytest.raises(ValueError, match=r"."):
        cut("traces", b"\xff\xff junk")
