"""opencensus-ext-logging, in a span of OpenCensus, of new code, and of neither."""

from __future__ import annotations

import logging

from _oc import traced
from _stage import note

from midspan import context, trace
from midspan.integrations.logging import JSONFormatter

BRIDGE = "opencensus"
INTEGRATIONS = ("logging",)
GIVES = """
page | new code
  oc page | opencensus
    part | new code
"""
NOTES = [
    ["in neither: both say the same", [False, True]],
    ["in neither: there is a span", False],
    ["in neither: in JSON", [1, 1, True]],
    ["in old code: both say the same", [True, True]],
    ["in old code: there is a span", True],
    ["in old code: in JSON", [1, 1, True]],
    ["in new code: both say the same", [True, True]],
    ["in new code: there is a span", True],
    ["in new code: in JSON", [1, 1, True]],
]
FORMAT = "%(traceId)s %(spanId)s %(traceSampled)s %(trace_id)s %(span_id)s %(trace_flags)s"


class _Notes(logging.Handler):
    def emit(self, record):
        """Write down whether both say the same, and how often a line of JSON says it."""
        message = record.getMessage()
        words = logging.Formatter(FORMAT).format(record).split()
        is_sampled = bool(int(words[5], 16) & 1)
        note(f"{message}: both say the same", [words[:2] == words[3:5], words[2] == str(is_sampled)])
        note(f"{message}: there is a span", int(words[4], 16) != 0)
        line = JSONFormatter().format(record)
        note(f"{message}: in JSON", [line.count(words[0]), line.count(f'"{words[1]}"'), "shelf" in line])


def set_up():
    """Turn the extension on."""
    from opencensus.trace import config_integration

    config_integration.trace_integrations(["logging"])


def ask():
    """Log."""
    logger = logging.getLogger("shop")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(_Notes())
    with context.attached(context.EMPTY):
        logger.info("in neither", extra={"shelf": 5})
    with traced():
        logger.info("in old code", extra={"shelf": 5})
        with trace.get_tracer("new code").start_as_current_span("part"):
            logger.info("in new code", extra={"shelf": 5})
