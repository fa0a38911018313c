"""opentracing-utils: its Flask, requests and SQLAlchemy tracing and its decorator, over two services.

Played twice: once with spans handed along by keyword and found in the call stack, once with the scope
manager.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flask
import opentracing
import requests
import sqlalchemy
from _http import call, serving_wsgi
from opentracing_utils import (
    extract_span_from_flask_request,
    extract_span_from_kwargs,
    trace,
    trace_flask,
    trace_requests,
    trace_sqlalchemy,
)

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
caller
  page [server]
    http_send_get [client]
      view [server]
        things
          select error
          select
caller
  missing [server] error
caller
  page [server]
    http_send_get [client]
      view [server]
        things
        select error
        select
caller
  missing [server] error
outer
  inner
active error
  inner_active error
(unnamed)
"""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    stage.install()
    trace_requests(default_tags={"team": "shop"}, mask_url_query=True)
    trace_sqlalchemy(set_error_tag=True)
    for use_scope_manager in (False, True):
        with (
            serving_wsgi(_back(stage, use_scope_manager)) as back,
            serving_wsgi(_front(stage, back, use_scope_manager)) as front,
        ):
            stage.note("answer", call(stage, f"{front}/page?secret=1"))
            stage.note("answer", call(stage, f"{front}/missing")[0])
    _play_decorator(stage)
    stage.note("still active", stage.tracer.active_span is not None)


def _front(stage: Stage, back: str, use_scope_manager: bool) -> flask.Flask:
    app = flask.Flask("front")
    trace_flask(app, default_tags={"tier": 1}, mask_url_query=True, use_scope_manager=use_scope_manager)

    @app.route("/page")
    def page() -> str:
        span = extract_span_from_flask_request()
        stage.note("the request's span is active", stage.tracer.active_span is span)
        return requests.get(f"{back}/things?secret=1", timeout=(3.5, 10)).text

    return app


def _back(stage: Stage, use_scope_manager: bool) -> flask.Flask:
    app = flask.Flask("back")
    trace_flask(app, use_scope_manager=use_scope_manager)
    engine = sqlalchemy.create_engine("sqlite://")

    @trace(
        component="store", tags={"rows": 1}, pass_span=True, span_extractor=extract_span_from_flask_request
    )
    def things(**kwargs: Any) -> str:
        span = extract_span_from_kwargs(**kwargs)
        stage.note("baggage", span.get_baggage_item("tenant"))
        with engine.connect() as connection:
            try:
                connection.execute(sqlalchemy.text("SELECT nothing FROM nowhere"))
            except sqlalchemy.exc.OperationalError as error:
                stage.note("raised", type(error).__name__)
            return str(connection.execute(sqlalchemy.text("SELECT 1")).scalar())

    @app.route("/things")
    def view() -> str:
        return things()

    return app


def _play_decorator(stage: Stage) -> None:
    @trace(operation_name="inner", use_follows_from=True)
    def inner() -> None:
        stage.note("inner is not active", stage.tracer.active_span is None)

    @trace(pass_span=True)
    def outer(**kwargs: Any) -> None:
        # The library finds this frame's span by walking up the call stack.
        span = extract_span_from_kwargs(**kwargs)
        span.set_tag("found", isinstance(span, opentracing.Span))
        inner()

    @trace(use_scope_manager=True, ignore_parent_span=True)
    def active() -> None:
        stage.note("active", stage.tracer.active_span is not None)
        inner_active()

    @trace()
    def inner_active() -> None:
        raise KeyError("no such thing")

    outer()
    try:
        active()
    except KeyError:
        stage.note("raised", True)
    extract_span_from_kwargs().finish()
