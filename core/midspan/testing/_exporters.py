"""What every exporter keeps: a suite that the author of one subclasses."""

# ruff: noqa: S101 - a contract asserts

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from midspan import sdk, trace
from midspan.testing._pipeline import pipeline
from midspan.testing._spans import finished_spans, odd_spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan.trace import Span

__all__ = ["ExporterContract"]

_TIMEOUT_S: Final = 1.0
_THREADS: Final = 4


class ExporterContract:
    """Hold an exporter of spans to what the pipeline and its users rely on.

    Subclass it under a name that pytest collects, and say how to make an exporter and how to see what
    arrived; override what your exporter promises otherwise, and say why.

        class TestMyExporter(ExporterContract):
            def make_exporter(self):
                return MyExporter(self.server.url)

            def received(self, exporter):
                return [span["name"] for span in self.server.spans]
    """

    def make_exporter(self) -> Any:  # noqa: ANN401 - anything with `export_spans`
        """Return a new exporter."""
        raise NotImplementedError

    def received(self, exporter: Any) -> Sequence[str]:  # noqa: ANN401 - as made above
        """Return the names of all spans that have arrived from `exporter` so far, in order."""
        raise NotImplementedError

    def test_spans_arrive_in_order(self) -> None:
        """Batches that it accepts arrive whole, one after the other."""
        exporter, spans = self.make_exporter(), finished_spans("a", "b", "c")
        answers = [exporter.export_spans(spans[:2]), exporter.export_spans(spans[2:])]
        exporter.shutdown(_TIMEOUT_S)
        self._assert_taken(answers[0], 2)
        self._assert_taken(answers[1], 1)
        self._assert_received(exporter, "a", "b", "c")

    def test_spans_arrive_through_a_pipeline(self) -> None:
        """`configure(exporters=[it])` takes it; what ended before the shutdown has arrived after it."""
        exporter = self.make_exporter()
        with pipeline(exporters=[exporter]) as memory:
            tracer = trace.get_tracer("midspan.testing")
            with tracer.start_as_current_span("outer"):
                tracer.start_span("inner").end()
            running = sdk.get_pipeline()
            assert running is not None
            assert running.force_flush(_TIMEOUT_S), "force_flush() was not done, or not in time"
            made = [span.name for span in memory.spans]
        assert made == ["inner", "outer"], f"exporting made spans of its own: {made}"
        self._assert_received(exporter, "inner", "outer")

    def test_an_empty_batch_is_no_failure(self) -> None:
        """There may be nothing to send."""
        exporter = self.make_exporter()
        answer = exporter.export_spans([])
        exporter.shutdown(_TIMEOUT_S)
        self._assert_taken(answer, 0)
        self._assert_received(exporter)

    def test_whatever_a_span_may_hold_arrives(self) -> None:
        """Values of every kind, empty names and extreme times cost no span, least of all its neighbours."""
        exporter, spans = self.make_exporter(), odd_spans()
        answer = exporter.export_spans(spans)
        exporter.shutdown(_TIMEOUT_S)
        self._assert_taken(answer, len(spans))
        self._assert_received(exporter, *(span.name for span in spans))

    def test_spans_are_left_as_they_are(self) -> None:
        """Other exporters are handed the same objects: a finished span is read-only."""
        exporter, spans = self.make_exporter(), [*finished_spans("a"), *odd_spans()]
        before = [_record(span) for span in spans]
        exporter.export_spans(spans)
        exporter.shutdown(_TIMEOUT_S)
        for span, record in zip(spans, before, strict=True):
            assert _record(span) == record, f"exporting changed the span {span.name!r}"

    def test_threads_may_export_together(self) -> None:
        """Nothing of one batch is lost to another."""
        exporter, names = self.make_exporter(), [f"span-{number}" for number in range(_THREADS)]
        batches = [finished_spans(name) for name in names]
        threads = [threading.Thread(target=exporter.export_spans, args=(batch,)) for batch in batches]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        exporter.shutdown(_TIMEOUT_S)
        received = sorted(self.received(exporter))
        assert received == names, f"of {names} in as many threads, {received} arrived"

    def test_a_shutdown_keeps_its_deadline(self) -> None:
        """`shutdown(timeout_s)` is back in time; calling it again does no harm."""
        exporter = self.make_exporter()
        exporter.export_spans(finished_spans("a"))
        before = time.monotonic()
        exporter.shutdown(_TIMEOUT_S)
        exporter.shutdown(_TIMEOUT_S)
        took_s = time.monotonic() - before
        assert took_s < 2 * _TIMEOUT_S + 0.5, f"two times shutdown({_TIMEOUT_S}) took {took_s:.1f} s"

    def test_after_a_shutdown_nothing_is_raised(self) -> None:
        """A span that comes late may be refused, and that is all."""
        exporter = self.make_exporter()
        exporter.shutdown(_TIMEOUT_S)
        exporter.export_spans(finished_spans("late"))

    @staticmethod
    def _assert_taken(answer: object, count: int) -> None:
        assert answer is not False, "export_spans returned False, which says that it failed"
        taken = count if answer is None or answer is True else answer
        assert taken == count, f"export_spans returned {answer!r}: of {count} spans, so many were accepted"

    def _assert_received(self, exporter: Any, *names: str) -> None:  # noqa: ANN401 - as above
        received = list(self.received(exporter))
        assert received == list(names), f"of {list(names)}, {received} arrived"


def _record(span: Span) -> str:
    """Return all that can be read of a span; as text, in which NaN equals itself."""
    fields = [span.name, span.context, span.parent, span.kind, span.start_ns, span.end_ns, span.status]
    return repr([*fields, span.attributes, span.events, span.links, span.resource, span.scope])
