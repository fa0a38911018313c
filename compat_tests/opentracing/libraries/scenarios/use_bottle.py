"""bottle-opentracing: hooks around every request, an error handler with its own spans, a decorated route."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bottle
from _http import call, get, serving_wsgi
from bottle_opentracing import BottleTracing
from bottle_opentracing.app import APMBottleApp

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
caller
  /hello [server]
    work
/hello [server]
  work
caller
  /fail [server]
/fail [server] error
caller
  /alone [server]
"""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    stage.install()
    app = APMBottleApp()
    tracing = BottleTracing(stage.tracer, True, app, ["path", "method"])

    @app.route("/hello")
    def hello() -> str:
        span = tracing.get_span()
        stage.note("the active span is the request's", stage.tracer.active_span is span)
        stage.note("baggage", span.get_baggage_item("tenant"))
        with stage.tracer.start_active_span("work"):
            return "hello"

    @app.route("/fail")
    def fail() -> str:
        raise KeyError("no such thing")

    with serving_wsgi(app) as url:
        stage.note("answer", call(stage, f"{url}/hello?x=1"))
        stage.note("answer", get(f"{url}/hello"))
        stage.note("answer", call(stage, f"{url}/fail")[0])
    _play_one_route(stage)
    stage.note("still active", stage.tracer.active_span is not None)


def _play_one_route(stage: Stage) -> None:
    app = bottle.Bottle()
    # A callable is taken for a factory of tracers.
    tracing = BottleTracing(lambda: stage.tracer)

    @app.route("/alone")
    @tracing.trace("url")
    def alone() -> str:
        return "alone"

    with serving_wsgi(app) as url:
        stage.note("answer", call(stage, f"{url}/alone"))
