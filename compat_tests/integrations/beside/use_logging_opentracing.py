"""logging-opentracing: what is logged becomes an event of the span, once."""

from __future__ import annotations

import logging

from _stage import note

from midspan import trace

BRIDGE = "opentracing"
INTEGRATIONS = ("logging",)
GIVES = """
page | new code
"""
NOTES = [
    ["events", [True]],
]


def set_up():
    """Set the legacy library up."""
    import opentracing
    from logging_opentracing import OpenTracingFormatter, OpenTracingHandler

    formatter = OpenTracingFormatter({"message": "%(message)s", "ids": "%(trace_id)s %(span_id)s"})
    logging.getLogger("shop").addHandler(OpenTracingHandler(opentracing.global_tracer(), formatter))


def ask():
    """Ask for something twice."""
    logging.getLogger("shop").warning("said once")
    span = trace.get_current_span()
    ids = f"{span.context.trace_id:032x} {span.context.span_id:016x}"
    note("events", [dict(event.attributes) == {"message": "said once", "ids": ids} for event in span.events])
