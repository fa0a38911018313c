"""flask-opentracing: requests with and without a caller's context, a view that raises, one traced alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flask
from _http import call, get, serving_wsgi
from flask_opentracing import FlaskTracing

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
caller
  hello [server]
    work
hello [server]
  work
caller
  fail [server] error
caller
  alone [server]
"""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    everything = flask.Flask("everything")
    # The exception goes through to the server, so the library sees it, not only a status.
    everything.config["PROPAGATE_EXCEPTIONS"] = True
    tracing = FlaskTracing(stage.tracer, True, everything, ["path", "method"], start_span_cb=_name_customer)

    @everything.route("/hello")
    def hello() -> str:
        span = tracing.get_span()
        stage.note("the active span is the request's", stage.tracer.active_span is span)
        stage.note("baggage", span.get_baggage_item("tenant"))
        with stage.tracer.start_active_span("work", tags={"items": 3, "share": 0.5, "fresh": True}):
            return "hello"

    @everything.route("/fail")
    def fail() -> str:
        raise KeyError("no such thing")

    with serving_wsgi(everything) as url:
        stage.note("answer", call(stage, f"{url}/hello?x=1"))
        stage.note("answer", get(f"{url}/hello"))
        stage.note("answer", call(stage, f"{url}/fail")[0])
    _play_one_view(stage)
    stage.note("still active", stage.tracer.active_span is not None)


def _play_one_view(stage: Stage) -> None:
    stage.install()
    app = flask.Flask("one view")
    # Without a tracer, the library asks for the global one.
    tracing = FlaskTracing()

    @app.route("/alone")
    @tracing.trace("url", "method", "full_path")
    def alone() -> flask.Response:
        return flask.Response("alone")

    @app.route("/plain")
    def plain() -> str:
        return "plain"

    with serving_wsgi(app) as url:
        stage.note("answer", call(stage, f"{url}/alone"))
        stage.note("answer", get(f"{url}/plain"))


def _name_customer(span, request) -> None:
    span.set_tag("customer", request.args.get("x", "none"))
