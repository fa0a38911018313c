"""An exporter of OpenCensus's takes what it took: spans, metrics or both, native ones now."""

from __future__ import annotations

import time

import pytest
from opencensus.metrics.export.metric import Metric
from opencensus.stats import base_exporter as stats_base
from opencensus.trace import base_exporter, execution_context

from midspan import metrics, sdk, testing, trace
from midspan.bridges import opencensus as bridge


class Spans(base_exporter.Exporter):
    """Takes spans only."""

    def __init__(self):
        self.batches = []

    def emit(self, span_datas):
        self.batches.append([data.name for data in span_datas])


class Metrics:
    """Takes metrics only, as Stackdriver's and Azure's do."""

    def __init__(self):
        self.batches = []
        self.flags = []

    def export_metrics(self, metrics):
        self.batches.append(metrics)
        self.flags.append(execution_context.is_exporter())


class Both(Spans, Metrics):
    """Takes both."""

    def __init__(self):
        Spans.__init__(self)
        Metrics.__init__(self)
        self.spans, self.batches = self.batches, []

    def emit(self, span_datas):
        self.spans.append([data.name for data in span_datas])


class Views(stats_base.StatsExporter):
    """Takes the data of views, as Prometheus's does."""

    def emit(self, view_datas):
        """Take them."""

    export = emit


def _pipeline(exporter, **options):
    legacy = bridge.LegacyExporter(exporter, **options)
    return sdk.configure(exporters=[legacy], strict=True, environment={})


def _work():
    with trace.get_tracer("shop").start_as_current_span("charge"):
        metrics.get_meter("shop").create_counter("charges", unit="1").add(2, {"card": "visa"})


def _told(exporter):
    return {metric.descriptor.name: metric for batch in exporter.batches for metric in batch}


@pytest.mark.parametrize(
    ("made", "has_spans", "has_metrics"), [(Spans, True, False), (Metrics, False, True), (Both, True, True)]
)
def test_it_takes_what_the_exporter_takes(made, has_spans, has_metrics):
    """The pipeline finds only the verbs that the exporter has: nothing is handed to who takes nothing."""
    legacy = bridge.LegacyExporter(made())
    assert (has_spans, has_metrics) == (hasattr(legacy, "export_spans"), hasattr(legacy, "export_metrics"))


def test_metrics():
    """Native metrics reach the exporter as OpenCensus's, under the flag that keeps it untraced."""
    exporter = Metrics()
    pipeline = _pipeline(exporter)
    _work()
    assert pipeline.force_flush(5)
    charges = _told(exporter)["charges"]
    assert isinstance(charges, Metric)
    (series,) = charges.time_series
    assert ([("card", "visa")], 2) == (
        [
            (key.key, label.value)
            for key, label in zip(charges.descriptor.label_keys, series.label_values, strict=True)
        ],
        series.points[0].value.value,
    )
    assert {True} == set(exporter.flags)
    assert not execution_context.is_exporter()


def test_it_counts_from_the_start():
    """What is told twice is told as it is, not as it changed: OpenCensus knows nothing else."""
    exporter = Metrics()
    pipeline = _pipeline(exporter)
    for _ in range(2):
        _work()
        assert pipeline.force_flush(5)
    assert [2, 4] == [
        metric.time_series[0].points[0].value.value
        for batch in exporter.batches
        for metric in batch
        if metric.descriptor.name == "charges"
    ]


def test_spans_and_metrics():
    """An exporter that takes both gets both."""
    exporter = Both()
    pipeline = _pipeline(exporter)
    _work()
    assert pipeline.force_flush(5)
    assert [["charge"]] == exporter.spans
    assert "charges" in _told(exporter)


def test_nothing_to_tell():
    """An exporter is not called for metrics that OpenCensus has no like of, nor for none."""
    exporter = Metrics()
    bridge.LegacyExporter(exporter).export_metrics([])
    assert [] == exporter.batches


def _two_traces():
    tracer = trace.get_tracer("shop")
    with tracer.start_as_current_span("a"):
        tracer.start_span("b", parent=None).end()
        tracer.start_span("c").end()


@pytest.mark.parametrize(("one", "batches"), [(True, [["b"], ["c", "a"]]), (False, [["b", "c", "a"]])])
def test_one_trace_at_a_time(one, batches):
    """OpenCensus's exporters for Jaeger and files give all spans of a batch the trace of its first."""
    exporter = Spans()
    pipeline = _pipeline(exporter, one_trace_at_a_time=one)
    _two_traces()
    assert pipeline.force_flush(5)
    assert batches == exporter.batches


@pytest.mark.usefixtures("_lenient")
def test_a_trace_that_fails_harms_no_other():
    """The others are handed on; the pipeline learns that not all were."""

    class Failing(Spans):
        def emit(self, span_datas):
            super().emit(span_datas)
            if span_datas[0].name == "b":
                raise OSError("unreachable")

    exporter = Failing()
    legacy = bridge.LegacyExporter(exporter)
    pipeline = sdk.configure(exporters=[legacy], strict=False, environment={})
    _two_traces()
    assert not pipeline.force_flush(5)
    assert [["b"], ["c", "a"]] == exporter.batches
    assert not execution_context.is_exporter()


def test_no_trace_is_begun_when_time_is_up():
    """An exporter that takes its time is not handed more than there is time for."""

    class Slow(Spans):
        def emit(self, span_datas):
            super().emit(span_datas)
            time.sleep(0.02)

    memory = testing.MemoryExporter()
    sdk.configure(exporters=[memory], strict=True, environment={})
    _two_traces()
    exporter = Slow()
    with pytest.raises(TimeoutError, match="no time left"):
        bridge.LegacyExporter(exporter).export_spans(memory.spans, timeout_s=0.01)
    assert [["b"]] == exporter.batches


@pytest.mark.parametrize("exporter", [object(), Views()])
def test_what_takes_neither(exporter):
    """What takes neither spans nor metrics is refused at once; the data of views is neither."""
    with pytest.raises(TypeError, match="no OpenCensus exporter of spans or metrics"):
        bridge.LegacyExporter(exporter)


def test_views_of_opencensus_there_and_back():
    """A view of OpenCensus's, told by the bridge, reaches an OpenCensus exporter as OpenCensus tells it."""
    from opencensus.stats import aggregation, measure, view
    from opencensus.stats.stats import stats
    from opencensus.tags import TagMap

    bridge.install()
    exporter = Metrics()
    pipeline = _pipeline(exporter)
    sizes = measure.MeasureFloat("sizes", "how large", "By")
    by_shop = view.View("by_shop", "sizes", ["shop"], sizes, aggregation.DistributionAggregation([1.0, 5.0]))
    stats.view_manager.register_view(by_shop)
    for value in (0.5, 2.0, 5.0):
        measurements = stats.stats_recorder.new_measurement_map()
        measurements.measure_float_put(sizes, value)
        tags = TagMap()
        tags.insert("shop", "a")
        measurements.record(tags)
    assert pipeline.force_flush(5)
    told = _told(exporter)["by_shop"]
    (theirs,) = [each for each in stats.get_metrics() if each.descriptor.name == "by_shop"]
    for ours, plain in zip(told.time_series, theirs.time_series, strict=True):
        assert plain.label_values == ours.label_values
        assert plain.start_timestamp == ours.start_timestamp
        mine, value = ours.points[0].value, plain.points[0].value
        assert (value.count, value.sum, value.bucket_options.type_.bounds) == (
            mine.count,
            mine.sum,
            mine.bucket_options.type_.bounds,
        )
        assert [each.count for each in value.buckets] == [each.count for each in mine.buckets]
    assert (theirs.descriptor.type, theirs.descriptor.unit) == (told.descriptor.type, told.descriptor.unit)


def test_messages_of_a_call():
    """An event `message` is a message event there, as those of OpenCensus's own spans were."""
    kept = []

    class Keeping(Spans):
        def emit(self, span_datas):
            kept.extend(span_datas)

    pipeline = _pipeline(Keeping())
    with trace.get_tracer("shop").start_as_current_span("charge") as span:
        span.add_event("message", {"message.type": "SENT", "message.id": 7, "message.uncompressed_size": 512})
        span.add_event("note")
    assert pipeline.force_flush(5)
    (data,) = kept
    (message,) = data.message_events
    assert (1, 7, 512) == (message.type, message.id, message.uncompressed_size_bytes)
    assert ["note"] == [annotation.description for annotation in data.annotations]


def test_a_transport_is_flushed():
    """An exporter that has only `export`, and a transport behind it, is let send what waits there."""

    class Transport:
        def __init__(self):
            self.flushed = 0

        def flush(self):
            self.flushed += 1

    class Exports:
        def __init__(self):
            self.transport = Transport()

        def export(self, span_datas):
            """Queue them."""

    exporter = Exports()
    bridge.LegacyExporter(exporter).shutdown(5)
    with_emit = Spans()
    with_emit.transport = Transport()
    bridge.LegacyExporter(with_emit).shutdown(5)
    assert (1, 0) == (exporter.transport.flushed, with_emit.transport.flushed)
