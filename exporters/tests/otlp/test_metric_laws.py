from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from exporters.tests._metric_oracle import decoded_metrics, expected_metric, shown_metric
from exporters.tests._metric_strategies import metric_batches, metrics
from exporters.tests._oracle import shown, shown_pairs
from midspan import _trouble
from midspan.exporters._metric_fields import mended_metric
from midspan.exporters.otlp import encode_metrics
from midspan.exporters.otlp._metrics import MetricsEncoder

_encoder = MetricsEncoder()


def decoded(payload):
    """Return the metrics of a payload, as protobuf's own runtime reads it."""
    return decoded_metrics(ExportMetricsServiceRequest.FromString(payload))


@given(metric_batches())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_every_metric_survives_the_way_there(batch):
    """Protobuf's own runtime reads back each metric of a batch, whatever is in it; nothing odd is found."""
    _trouble.reset()
    expected = sorted((expected_metric(metric) for metric in batch), key=repr)
    shown_ones = sorted((shown_metric(each.metric) for each in decoded(_encoder.encode(batch))), key=repr)
    assert (expected, {}) == (shown_ones, _trouble.counts())


@given(metrics())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_resource_and_scope_stand_above_their_metrics(metric):
    """What made a metric is told with all of its attributes and its schema."""
    (got,) = decoded(encode_metrics([metric]))
    scope = metric.scope
    expected = [
        [(key, shown(value)) for key, value in metric.resource.attributes.items()],
        [(key, shown(value)) for key, value in scope.attributes],
        (scope.name, scope.version, scope.schema_url, metric.resource.schema_url),
    ]
    assert expected == [
        shown_pairs(got.resource.attributes),
        shown_pairs(got.scope.attributes),
        (got.scope.name, got.scope.version, got.scope_schema_url, got.resource_schema_url),
    ]


@given(metrics())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_both_ways_write_the_same(metric):
    """The long way, which trusts nothing, changes nothing about a metric that is as it should be."""
    _trouble.reset()
    mended = mended_metric(metric)
    assert (encode_metrics([metric]), {}) == (encode_metrics([mended]), _trouble.counts())


@given(metrics())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_second_collection_is_written_as_the_first(metric):
    """What is remembered of a metric's series says the same as what was not remembered yet."""
    encoder = MetricsEncoder()
    assert encoder.encode([metric]) == encoder.encode([metric])
