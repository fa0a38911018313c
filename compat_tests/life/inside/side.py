"""Configure midspan, or the peer, and make the two spans of a request or a task.

The queue is emptied once an hour only: what arrives does because somebody saw to it at the end.
"""

from __future__ import annotations

import os

__all__ = ["work"]

if os.environ["LIFE_SIDE"] == "ours":
    from midspan import sdk, trace

    sdk.configure(service_name="life", batch=sdk.BatchSettings(schedule_delay_s=3600))
    tracer = trace.get_tracer("life")
else:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), schedule_delay_millis=3_600_000))
    trace.set_tracer_provider(provider)
    tracer = trace.get_tracer("life")


def work(name: str) -> None:
    """Make a trace of two spans."""
    with tracer.start_as_current_span(name), tracer.start_as_current_span("below"):
        pass
