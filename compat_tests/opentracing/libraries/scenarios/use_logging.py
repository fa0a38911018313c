"""logging-opentracing: records become logs of the active span, or of the span that is passed along."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from logging_opentracing import OpenTracingFormatter, OpenTracingHandler

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
page error
  part
aside
"""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    logger = logging.getLogger("shop")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(OpenTracingHandler(stage.tracer))
    logger.warning("no span is there to take this")
    with stage.tracer.start_active_span("page"):
        logger.info("served %d of %s", 3, "things")
        logger.warning(
            "more",
            extra={"kv": {"items": 3, "share": 0.5, "parts": ["a", "b"], "what": object, "none": None}},
        )
        _fail(logger)
        with stage.tracer.start_active_span("part"):
            logger.debug("of the part")
        logger.info("of the page")
    aside = stage.tracer.start_span("aside")
    logger.addHandler(
        OpenTracingHandler(stage.tracer, OpenTracingFormatter({"event": "%(name)s", "line": "%(levelno)d"}))
    )
    logger.info("passed along", extra={"span": aside})
    aside.finish()


def _fail(logger: logging.Logger) -> None:
    try:
        {}["no such thing"]
    except KeyError:
        logger.exception("as an error")
        logger.critical("as something worse", exc_info=True)
