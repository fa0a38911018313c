"""What the parser of OpenMetrics takes, whatever the metrics are."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from exporters.tests._metric_strategies import metric_batches
from midspan.metrics import MetricKind


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(batch=metric_batches())
def test_any_metrics_can_be_scraped(show, batch):
    """Both formats can be written, and OpenMetrics' can be read: no two series are one, no bucket shrinks."""
    shown = show(*batch)
    series = [
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in shown.values()
        for sample in family.samples
    ]
    assert len(series) == len(set(series))
    kinds = {"gauge" if metric.kind is MetricKind.SUM else metric.kind.value for metric in batch}
    assert {family.type for family in shown.values()} <= kinds | {"counter", "gauge", "histogram", "info"}
