"""The contract of metric exporters: those that keep it pass, each breach fails the test that names it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from midspan import metrics
from midspan.testing import MemoryExporter, MetricExporterContract


class TestMemoryExporter(MetricExporterContract):
    """midspan's own."""

    def make_exporter(self) -> MemoryExporter:
        return MemoryExporter()

    def received_metrics(self, exporter: MemoryExporter) -> list[str]:
        return [metric.name for metric in exporter.metrics]


class Good:
    """Keeps names; the breaches below are made of it."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.is_shut = False

    def export_metrics(self, given: list[metrics.Metric]) -> object:
        if not self.is_shut:
            self.names += [metric.name for metric in given]
        return None

    def shutdown(self, timeout_s: float) -> None:
        self.is_shut = True


class TestGood(MetricExporterContract):
    """What any exporter may look like."""

    exporter: type[Good] = Good

    def make_exporter(self) -> Good:
        return self.exporter()

    def received_metrics(self, exporter: Good) -> list[str]:
        return exporter.names


class NoSummaries(Good):
    """Knows four kinds."""

    def export_metrics(self, given: list[metrics.Metric]) -> object:
        return super().export_metrics([m for m in given if m.kind is not metrics.MetricKind.SUMMARY])


class Refusing(Good):
    """Says that it failed where it did not."""

    def export_metrics(self, given: list[metrics.Metric]) -> object:
        super().export_metrics(given)
        return False


class Picky(Good):
    """Cannot encode every text."""

    def export_metrics(self, given: list[metrics.Metric]) -> object:
        for metric in given:
            for point in metric.points:
                "".join(value for value in point.attributes.values() if isinstance(value, str)).encode()
        return super().export_metrics(given)


class Changing(Good):
    """Empties what it has sent."""

    def export_metrics(self, given: list[metrics.Metric]) -> object:
        super().export_metrics(given)
        for metric in given:
            for point in metric.points:
                point.attributes.clear()
        return None


class Unsafe(Good):
    """Loses what two threads export at once."""

    def export_metrics(self, given: list[metrics.Metric]) -> object:
        before = list(self.names)
        threading.Event().wait(0.05)
        self.names = before + [metric.name for metric in given]
        return None


class Slow(Good):
    """Takes its time to shut down."""

    def shutdown(self, timeout_s: float) -> None:
        threading.Event().wait(timeout_s + 0.5)


class Fragile(Good):
    """Cannot be used once it was shut down."""

    def export_metrics(self, given: list[metrics.Metric]) -> object:
        if self.is_shut:
            raise RuntimeError
        return super().export_metrics(given)


class Deaf(Good):
    """Is never asked, because it calls its verb something else."""

    export_metrics = None  # type: ignore[assignment]

    def export_spans(self, spans: object) -> None:
        """Take spans, which are not what this is about."""


@pytest.mark.parametrize(
    ("exporter", "breached"),
    [
        (NoSummaries, "test_metrics_of_every_kind_arrive"),
        (Refusing, "test_metrics_of_every_kind_arrive"),
        (Refusing, "test_an_empty_collection_is_no_failure"),
        (Picky, "test_whatever_a_metric_may_hold_arrives"),
        (Unsafe, "test_threads_may_export_together"),
        pytest.param(Slow, "test_a_shutdown_keeps_its_deadline", marks=pytest.mark.slow),  # three seconds
        (Fragile, "test_after_a_shutdown_nothing_is_raised"),
        (Deaf, "test_metrics_arrive_through_a_pipeline"),
        (Changing, "test_metrics_are_left_as_they_are"),
    ],
)
def test_a_breach_fails_its_test(exporter, breached):
    """Each test of the contract notices what it is about."""
    suite: Any = TestGood()
    suite.exporter = exporter
    with pytest.raises((AssertionError, RuntimeError, UnicodeEncodeError)):
        getattr(suite, breached)()


@pytest.mark.parametrize("method", ["make_exporter", "received_metrics"])
def test_the_author_has_to_say_how(method):
    """A contract alone makes no exporter."""
    arguments = [None] if method == "received_metrics" else []
    with pytest.raises(NotImplementedError):
        getattr(MetricExporterContract(), method)(*arguments)
