"""The contract of exporters: those that keep it pass, and each breach fails the test that names it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from midspan import context, trace
from midspan.testing import ExporterContract, MemoryExporter


class TestMemoryExporter(ExporterContract):
    """midspan's own."""

    def make_exporter(self) -> MemoryExporter:
        return MemoryExporter()

    def received(self, exporter: MemoryExporter) -> list[str]:
        return [span.name for span in exporter.spans]


class Good:
    """Keeps names, in batches; the breaches below are made of it."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.is_shut = False

    def export_spans(self, spans: list[trace.Span]) -> object:
        if not self.is_shut:
            self.names += [span.name for span in spans]
        return None

    def shutdown(self, timeout_s: float) -> None:
        self.is_shut = True


class TestGood(ExporterContract):
    """What any exporter may look like."""

    exporter: type[Good] = Good

    def make_exporter(self) -> Good:
        return self.exporter()

    def received(self, exporter: Good) -> list[str]:
        return exporter.names


class Reordering(Good):
    """Sends the last span first."""

    def export_spans(self, spans: list[trace.Span]) -> object:
        return super().export_spans(list(reversed(spans)))


class Refusing(Good):
    """Says that it failed where it did not."""

    def export_spans(self, spans: list[trace.Span]) -> object:
        super().export_spans(spans)
        return False


class Picky(Good):
    """Cannot cope with what it does not expect."""

    def export_spans(self, spans: list[trace.Span]) -> object:
        for span in spans:
            for value in span.attributes.values():
                str(value).encode()
        return super().export_spans(spans)


class Changing(Good):
    """Writes into the spans."""

    def export_spans(self, spans: list[trace.Span]) -> object:
        for span in spans:
            span.attributes["exported"] = True
        return super().export_spans(spans)


class Unsafe(Good):
    """Loses spans when threads export together."""

    meeting = threading.Barrier(4, timeout=0.2)

    def export_spans(self, spans: list[trace.Span]) -> object:
        known = list(self.names)
        try:
            self.meeting.wait()
        except threading.BrokenBarrierError:
            self.meeting.reset()
        self.names = [*known, *(span.name for span in spans)]
        return None


class Slow(Good):
    """Takes its time to shut down."""

    def shutdown(self, timeout_s: float) -> None:
        threading.Event().wait(timeout_s + 0.5)


class Once(Good):
    """Can be shut down once."""

    def shutdown(self, timeout_s: float) -> None:
        if self.is_shut:
            raise RuntimeError
        self.is_shut = True


class Fragile(Good):
    """Cannot be used once it was shut down."""

    def export_spans(self, spans: list[trace.Span]) -> object:
        if self.is_shut:
            raise RuntimeError
        return super().export_spans(spans)


class Tracing(Good):
    """Makes spans of its own, as an HTTP client under an integration does."""

    def export_spans(self, spans: list[trace.Span]) -> object:
        with context.attached(context.EMPTY):
            trace.get_tracer("http").start_span("POST").end()
        return super().export_spans(spans)


@pytest.mark.parametrize(
    ("exporter", "breached"),
    [
        (Reordering, "test_spans_arrive_in_order"),
        (Refusing, "test_spans_arrive_in_order"),
        (Refusing, "test_an_empty_batch_is_no_failure"),
        (Picky, "test_whatever_a_span_may_hold_arrives"),
        (Changing, "test_spans_are_left_as_they_are"),
        (Unsafe, "test_threads_may_export_together"),
        pytest.param(Slow, "test_a_shutdown_keeps_its_deadline", marks=pytest.mark.slow),  # three seconds
        (Once, "test_a_shutdown_keeps_its_deadline"),
        (Fragile, "test_after_a_shutdown_nothing_is_raised"),
        (Tracing, "test_spans_arrive_through_a_pipeline"),
    ],
)
def test_a_breach_fails_its_test(exporter, breached):
    """Each test of the contract notices what it is about."""
    suite: Any = TestGood()
    suite.exporter = exporter
    with pytest.raises((AssertionError, RuntimeError, UnicodeEncodeError)):
        getattr(suite, breached)()


@pytest.mark.parametrize("method", ["make_exporter", "received"])
def test_the_author_has_to_say_how(method):
    """A contract alone makes no exporter."""
    arguments = [None] if method == "received" else []
    with pytest.raises(NotImplementedError):
        getattr(ExporterContract(), method)(*arguments)
