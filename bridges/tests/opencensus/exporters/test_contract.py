"""`LegacyExporter` keeps what every exporter of spans and of metrics keeps."""

from __future__ import annotations

import pytest
from opencensus.trace import base_exporter

from midspan import testing
from midspan.bridges import opencensus as bridge
from midspan.metrics import MetricKind, Temporality


class Kept(base_exporter.Exporter):
    """An exporter of OpenCensus's that keeps names."""

    def __init__(self):
        self.spans = []
        self.metrics = []

    def emit(self, span_datas):
        self.spans += [data.name for data in span_datas]

    def export_metrics(self, metrics):
        self.metrics += [metric.descriptor.name for metric in metrics]


class TestSpans(testing.ExporterContract):
    """Spans."""

    def make_exporter(self):
        return bridge.LegacyExporter(Kept())

    def received(self, exporter):
        return exporter._exporter.spans


class TestWholeBatches(TestSpans):
    """Spans, to an exporter that takes several traces at once."""

    def make_exporter(self):
        return bridge.LegacyExporter(Kept(), one_trace_at_a_time=False)


@pytest.mark.usefixtures("_lenient")
class TestMetrics(testing.MetricExporterContract):
    """Metrics."""

    def make_exporter(self):
        return bridge.LegacyExporter(Kept())

    def received_metrics(self, exporter):
        return exporter._exporter.metrics

    def test_metrics_of_every_kind_arrive(self):
        """All but summaries, which no exporter of OpenCensus's takes."""
        exporter, given = self.make_exporter(), testing.finished_metrics("a", "b", "c", "d", "e")
        exporter.export_metrics(given[:3])
        exporter.export_metrics(given[3:])
        kinds = {metric.name: metric.kind for metric in given}
        assert {MetricKind.SUMMARY} == {
            kinds[name] for name in kinds.keys() - set(exporter._exporter.metrics)
        }

    def test_whatever_a_metric_may_hold_arrives(self):
        """All but summaries, and what is told as a difference: OpenCensus counts from the start."""
        exporter, given = self.make_exporter(), testing.odd_metrics()
        exporter.export_metrics(given)
        wanted = {
            metric.name
            for metric in given
            if metric.points
            and metric.kind is not MetricKind.SUMMARY
            and (metric.temporality is Temporality.CUMULATIVE or metric.kind is MetricKind.GAUGE)
        }
        assert wanted == set(exporter._exporter.metrics)
        assert len(wanted) >= 5
