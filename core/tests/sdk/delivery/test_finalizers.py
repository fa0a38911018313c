"""What the application records in a finalizer, wherever the garbage collector happens to run it."""

from __future__ import annotations

from typing import Any

from midspan import delivery, sdk, trace
from midspan.sdk import BatchSettings


class Connection:
    """Records its own end."""

    def __del__(self) -> None:
        trace.get_tracer("t").start_span("closed").end()


class Carrier:
    """Is the last to hold a connection, as the garbage collector is when it runs in the worker."""

    name = "carrier"

    def __init__(self) -> None:
        self.connections = [Connection()]
        self.names: list[str] = []
        self.was_suppressed: list[bool] = []

    def encode_spans(self, spans: Any) -> bytes:
        self.connections.clear()
        self.names += [span.name for span in spans]
        return b"."

    def send(self, signal: str, body: bytes, timeout_s: float) -> delivery.Outcome:
        self.was_suppressed.append(trace.is_suppressed())
        return delivery.accepted()


def test_a_finalizer_that_runs_while_a_batch_is_encoded_is_traced():
    """Its span is the application's; what sends is kept from being traced all the same."""
    carrier = Carrier()
    batch = BatchSettings(schedule_delay_s=3600)
    pipeline = sdk.configure(exporters=[carrier], environment={}, detectors=[], batch=batch)
    trace.get_tracer("t").start_span("work").end()
    pipeline.force_flush(5)
    pipeline.force_flush(5)
    assert (["work", "closed"], [True, True]) == (carrier.names, carrier.was_suppressed)
