"""The pipeline's own account, as metrics."""

from __future__ import annotations

import os

import pytest

from midspan import metrics, sdk, trace

SPANS = "otel.sdk.exporter.span.exported"
PROCESSED = "otel.sdk.processor.span.processed"


class Exporter:
    """Takes spans, or not."""

    name = "mine"

    def __init__(self, *, accepts: bool = True) -> None:
        self.accepts = accepts

    def export_spans(self, spans):
        return self.accepts

    def shutdown(self, timeout_s):
        pass


def configured(exporter, **settings):
    """Configure with self-metrics and a reader of them."""
    reader = sdk.PullReader()
    pipeline = sdk.configure(
        **{
            "exporters": [exporter],
            "metric_readers": [reader],
            "self_metrics": True,
            "environment": {},
            "detectors": [],
            **settings,
        }
    )
    return pipeline, reader


def told(reader, name):
    """Return the values of a metric by what went wrong, None for what went well."""
    return {
        point.attributes.get("error.type"): point.value
        for metric in reader.collect()
        if metric.name == name
        for point in metric.points
    }


def spans(count):
    """Make spans."""
    for _ in range(count):
        trace.get_tracer("t").start_span("s").end()


class Pushed(Exporter):
    """Takes metrics, behind a queue."""

    name = "pushed"

    def __init__(self) -> None:
        super().__init__()
        self.told = []

    def export_metrics(self, given):
        self.told.append({metric.scope.name for metric in given})


class Direct(Pushed):
    """Takes metrics, and is called directly."""

    name = "direct"
    synchronous = True


class Watched(Direct):
    """Wants them at an interval all the same, as a terminal does."""

    name = "watched"
    metric_interval_s = 3600


KINDS = ("pushed", "direct", "watched", "pull")


def everybody(meter=None, **settings):
    """Return which scopes a flush tells each kind of reader of, with an instrument of `meter` or none."""
    exporters = [Pushed(), Direct(), Watched()]
    pipeline, reader = configured(exporters[0], exporters=exporters, **settings)
    if meter is not None:
        meter.create_counter("c").add(1)
    spans(1)
    assert pipeline.force_flush(5)
    told = {exporter.name: set().union(*exporter.told) for exporter in exporters}
    return {**told, "pull": {metric.scope.name for metric in reader.collect()}}


def test_they_come_with_what_is_pushed_unless_something_else_is_said(meter):
    """Where somebody looks, or tests, are only the metrics that somebody made."""
    own = {meter.scope.name}
    expected = {"pushed": {*own, "midspan.sdk"}, "direct": own, "watched": own, "pull": own}
    assert expected == everybody(meter, self_metrics=None)


def test_they_are_no_reason_to_push():
    """A backend that takes no metrics is left alone by an application that has none."""
    assert {kind: set() for kind in KINDS} == everybody(self_metrics=None)


def test_who_wants_them_has_them_everywhere():
    """Also where there is nothing else."""
    assert {kind: {"midspan.sdk"} for kind in KINDS} == everybody(self_metrics=True)


def test_who_does_not_want_them_has_them_nowhere(meter):
    """Not even along with others."""
    assert {kind: {meter.scope.name} for kind in KINDS} == everybody(meter, self_metrics=False)


def test_exported_and_failed_spans_are_told_apart():
    """What the exporter refused has the reason beside it."""
    for accepts, expected in ((True, {None: 3}), (False, {None: 0, "export_failed": 3})):
        pipeline, reader = configured(Exporter(accepts=accepts))
        spans(3)
        pipeline.force_flush(5)
        assert (expected, {None: 3}) == (told(reader, SPANS), told(reader, PROCESSED))


def test_a_full_queue_is_told_with_its_size():
    """Size, capacity, and what was dropped because of it."""
    batch = sdk.BatchSettings(max_queue_size=4, max_export_batch_size=4, schedule_delay_s=3600)

    class Stuck(Exporter):
        def export_spans(self, spans):
            import time

            time.sleep(0.3)

    _, reader = configured(Stuck(), batch=batch)
    spans(12)
    stats = sdk.get_pipeline().stats().exporters["mine"]
    assert {None: 4} == told(reader, "otel.sdk.processor.span.queue.capacity")
    assert stats.dropped["queue_full"] == told(reader, PROCESSED)["queue_full"] > 0
    assert 0 < told(reader, "otel.sdk.processor.span.queue.size")[None] <= 8


def test_filtered_spans_and_troubles_are_told(meter):
    """By cause."""
    _, reader = configured(Exporter(), processors=[lambda span: False])
    spans(2)
    meter.create_counter("c").add(-1)
    assert {None: 2} == told(reader, "midspan.span.filtered")
    assert 1 == told(reader, "midspan.troubles")["metrics.negative"]


def test_collections_are_timed():
    """One histogram for each reader; the collection that tells is not in it yet."""
    _, reader = configured(Exporter())
    for _ in range(3):
        reader.collect()
    (metric,) = [m for m in reader.collect() if m.name == "otel.sdk.metric_reader.collection.duration"]
    ((point,), kind) = (metric.points, metric.kind)
    assert (3, "pull", "s", metrics.MetricKind.HISTOGRAM) == (
        point.count,
        point.attributes["otel.component.name"],
        metric.unit,
        kind,
    )


def test_exported_points_are_counted(meter):
    """Of each exporter of metrics."""

    class Both(Exporter):
        def export_metrics(self, given):
            return True

    pipeline, reader = configured(Both())
    meter.create_counter("c").add(1)
    assert pipeline.force_flush(5)
    assert told(reader, "otel.sdk.exporter.metric_data_point.exported")[None] > 1


def test_they_carry_the_resource_and_a_scope_of_their_own():
    """As any metric."""
    pipeline, reader = configured(Exporter(), service_name="shop")
    found = {(metric.scope.name, metric.resource) for metric in reader.collect()}
    assert {("midspan.sdk", pipeline.resource)} == found


@pytest.mark.parametrize(
    ("variable", "argument", "is_pushed", "is_pulled"),
    [
        ("", None, True, False),
        ("true", None, True, True),
        ("true", False, False, False),
        ("false", None, False, False),
        ("false", True, True, True),
    ],
)
def test_a_variable_says_so_too(variable, argument, is_pushed, is_pulled, meter):
    """An argument wins."""
    environment = {"MIDSPAN_SELF_METRICS": variable}
    told = everybody(meter, self_metrics=argument, environment=environment)
    assert (is_pushed, is_pulled) == ("midspan.sdk" in told["pushed"], "midspan.sdk" in told["pull"])


def test_a_forked_child_tells_its_own_account():
    """It begins at nothing, at the time of the fork."""
    pipeline, reader = configured(Exporter())
    spans(3)
    pipeline.force_flush(5)
    receiver, sender = os.pipe()
    child = os.fork()
    if not child:
        os.write(sender, repr(told(reader, SPANS)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert "{None: 0}" == os.read(receiver, 100).decode()
    os.close(receiver)
    os.close(sender)


def test_what_goes_over_a_network_is_told_with_bytes_and_retries():
    """Of whoever has any; an exporter in memory has none."""
    from midspan.sdk._self_metrics import SelfMetrics

    accounts = {"memory": sdk.ExporterStats(1, 1, 0, {}), "otlp": sdk.ExporterStats(9, 4, 2, {}, 3, 7, 8000)}
    stats = sdk.PipelineStats({}, 0, {}, accounts)
    source = SelfMetrics(lambda: stats, {}, lambda: 1)
    told = {
        metric.name: [(point.attributes["otel.component.name"], point.value) for point in metric.points]
        for metric in source.produce()
        if metric.name.startswith("midspan.exporter.")
    }
    assert {
        "midspan.exporter.retries": [("otlp", 7)],
        "midspan.exporter.sent": [("otlp", 8000)],
        "midspan.exporter.spilled": [("otlp", 3)],
    } == told
