"""What an exporter behind a queue may answer, and what the account makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from midspan import metrics, sdk, trace
from midspan.sdk import BatchSettings


class Exporter:
    """Answers what it was told to; keeps what it was asked, and whether tracing was suppressed."""

    name = "backend"

    def __init__(self, answer: object = None, *, flushed: object = None) -> None:
        self.answer = answer
        self.flushed = flushed
        self.asked: list[tuple[str, bool]] = []

    def export_spans(self, spans: Any) -> object:
        self.asked.append(("export", trace.is_suppressed()))
        return self.answer

    def force_flush(self, timeout_s: float) -> object:
        self.asked.append(("flush", trace.is_suppressed()))
        return self.flushed

    def shutdown(self, timeout_s: float) -> None:
        self.asked.append(("shutdown", trace.is_suppressed()))


class MetricExporter(Exporter):
    """Is asked for metrics as well."""

    def export_metrics(self, collected: Any) -> object:
        return self.answer


def configured(exporter: Exporter, **settings) -> sdk.Pipeline:
    """Return a pipeline that hands over when it is flushed."""
    batch = BatchSettings(schedule_delay_s=3600)
    return sdk.configure(exporters=[exporter], environment={}, detectors=[], batch=batch, **settings)


@pytest.mark.parametrize(
    ("answer", "exported", "dropped"),
    [
        (None, 3, {}),
        (True, 3, {}),
        (False, 0, {"export_failed": 3}),
        (3, 3, {}),
        (2, 2, {"rejected": 1}),
        (0, 0, {"export_failed": 3}),
        (-1, 0, {"export_failed": 3}),
        (9, 3, {}),
        ("what", 3, {}),
    ],
)
def test_the_account_goes_by_the_answer(answer, exported, dropped):
    """None and True are all, False is none, a number is so many; no other number than there were."""
    pipeline = configured(Exporter(answer))
    for _ in range(3):
        trace.get_tracer("t").start_span("s").end()
    flushed = pipeline.force_flush(5)
    stats = pipeline.stats().exporters["backend"]
    assert (not dropped, exported, dropped) == (flushed, stats.exported, stats.dropped)


def test_points_are_counted_by_the_answer():
    """Of metrics it is the points that are counted."""
    pipeline = configured(MetricExporter(1), self_metrics=False)
    counter = metrics.get_meter("t").create_counter("c")
    counter.add(1, {"a": 1})
    counter.add(1, {"a": 2})
    pipeline.force_flush(5)
    stats = pipeline.stats().metrics["backend"]
    assert (1, {"rejected": 1}) == (stats.exported, stats.dropped)


def test_a_flush_reaches_the_exporter_last():
    """What waited is handed over first; none of it leaves a trace."""
    exporter = Exporter()
    pipeline = configured(exporter)
    trace.get_tracer("t").start_span("s").end()
    flushed = pipeline.force_flush(5)
    assert (True, [("export", True), ("flush", True)]) == (flushed, exporter.asked)


def test_a_flush_that_fails_is_told():
    """False from `force_flush` is what the pipeline says, too."""
    pipeline = configured(Exporter(flushed=False))
    trace.get_tracer("t").start_span("s").end()
    assert False is pipeline.force_flush(5)


def test_an_exporter_that_was_shut_down_is_not_flushed():
    """The shutdown is the last that it hears."""
    exporter = Exporter()
    pipeline = configured(exporter)
    trace.get_tracer("t").start_span("s").end()
    done = pipeline.shutdown(5)
    pipeline.force_flush(5)
    assert (True, [("export", True), ("shutdown", True)]) == (done, exporter.asked)
