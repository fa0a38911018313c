"""What a span holds while it waits in midspan's batch queue."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from compat_tests.performance.sides.midspan._pipeline import Discard, Pipeline

if TYPE_CHECKING:
    from collections.abc import Sequence


class Held(Discard):
    """Let nothing leave until the queue has been weighed: the worker comes for 512 spans in any case."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def export_spans(self, spans: Sequence[Any]) -> None:
        self.gate.wait()
        super().export_spans(spans)


class queued_span:  # noqa: N801 - named as its row is
    """Fill and empty the queue of a real pipeline."""

    def __init__(self) -> None:
        self._exporter = Held()
        self._pipeline = Pipeline(self._exporter)
        self.exported = self._exporter.made

    def fill(self, spans: int) -> None:
        """Queue so many spans of 5 attributes and an event; the values differ where they would in life."""
        self._exporter.gate.clear()
        tracer = self._pipeline.tracer
        for number in range(spans):
            with tracer.start_as_current_span("charge") as span:
                span.set_attribute("http.method", "POST")
                span.set_attribute("http.route", "/cart")
                span.set_attribute("cart.items", number)
                span.set_attribute("user.id", f"u-{number:010d}")
                span.set_attribute("user.known", True)
                span.add_event("retry", {"attempt": 1})

    def drain(self) -> None:
        """Let all leave."""
        self._exporter.gate.set()
        self._pipeline.settle()
