"""What a span holds while it waits in midspan's batch queue."""

from __future__ import annotations

from compat_tests.performance.sides.midspan._pipeline import Pipeline


class queued_span:  # noqa: N801 - named as its row is
    """Fill and empty the queue of a real pipeline."""

    def __init__(self) -> None:
        self._pipeline = Pipeline()
        self.exported = self._pipeline.exporter.made
        self.drain = self._pipeline.settle

    def fill(self, spans: int) -> None:
        """Queue so many spans of 5 attributes and an event; the values differ where they would in life."""
        tracer = self._pipeline.tracer
        for number in range(spans):
            with tracer.start_as_current_span("charge") as span:
                span.set_attribute("http.method", "POST")
                span.set_attribute("http.route", "/cart")
                span.set_attribute("cart.items", number)
                span.set_attribute("user.id", f"u-{number:010d}")
                span.set_attribute("user.known", True)
                span.add_event("retry", {"attempt": 1})
