"""opencensus-ext-logging: log records carry the ids of what is current, in old code and in new."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from opencensus.ext.logging import trace as library
from opencensus.log import TraceLoggingAdapter
from opencensus.trace import samplers

if TYPE_CHECKING:
    from _stage import Stage

NOTES_DIFFER = {
    "unsampled": (
        "the context of an unsampled span has an id",
        ["(another trace)", "(another span)", False],
    ),
}
GIVES = """
page
  part
  new code
    part of it
"""


def play(stage: Stage) -> None:
    """Use the library on the stage."""
    before = logging.getLogger("made before")
    library.trace_integration()
    logger = logging.getLogger("shop")
    adapted = TraceLoggingAdapter(before, {"shop": "acme"})
    for each in (logger, before):
        each.setLevel(logging.DEBUG)
        each.propagate = False
        each.addHandler(_Notes(stage))
    logger.warning("no tracer is there")
    tracer = stage.tracer()
    with tracer.span("page"):
        logger.info("in a span, with %s", "an argument", extra={"more": 1})
        adapted.info("by an adapter")
        with tracer.span("part"):
            logger.debug("in a child")
        with stage.native("new code"):
            logger.info("in new code")
            with tracer.span("part of it"):
                logger.info("in old code within new")
        logger.info("in the span again")
        before.info("by a logger that is older than the library")
    unsampled = stage.tracer(sampler=samplers.AlwaysOffSampler())
    with unsampled.span("unsampled"):
        logger.info("unsampled")


class _Notes(logging.Handler):
    """Write down what a formatter of the application's could print."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    def emit(self, record: logging.LogRecord) -> None:
        ids = [getattr(record, name, "none") for name in ("traceId", "spanId", "traceSampled")]
        self._stage.note(record.getMessage(), ids)
