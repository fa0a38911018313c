"""What the parser of OpenMetrics takes, whatever the metrics are."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings

from exporters.tests._metric_strategies import metric_batches
from midspan.exporters.prometheus._points import exemplar_labels
from midspan.metrics import MetricKind, SummaryPoint


def without_quotes(point: Any) -> Any:
    """Take away from exemplars what the parser cannot read: a quote within a label, rightly escaped."""
    if isinstance(point, SummaryPoint):
        return point
    exemplars = [
        each._replace(filtered_attributes={}) if '"' in "".join(exemplar_labels(each).values()) else each
        for each in point.exemplars
    ]
    return point._replace(exemplars=exemplars)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(batch=metric_batches())
def test_any_metrics_can_be_scraped(show, batch):
    """Both formats can be written, and OpenMetrics' can be read: no two series are one, no bucket shrinks."""
    shown = show(*(each._replace(points=[without_quotes(point) for point in each.points]) for each in batch))
    series = [
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in shown.values()
        for sample in family.samples
    ]
    assert len(series) == len(set(series))
    kinds = {"gauge" if metric.kind is MetricKind.SUM else metric.kind.value for metric in batch}
    assert {family.type for family in shown.values()} <= kinds | {"counter", "gauge", "histogram", "info"}
