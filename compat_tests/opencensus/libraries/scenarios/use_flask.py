"""opencensus-ext-flask: requests with and without a caller's context, a view that raises, a path left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flask
from _http import serving_peer, serving_wsgi
from _page import Page
from opencensus.ext.flask.flask_middleware import FlaskMiddleware
from opencensus.trace import execution_context, samplers

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
(caller)
  [GET]http://127.0.0.1:PORT/hello?x=1 [server]
    work
      new code
        /cart [client]
      /gone [client] error
  [GET]http://127.0.0.1:PORT/hello [server]
    work
      new code
        /cart [client]
      /gone [client] error
  [GET]http://127.0.0.1:PORT/fail [server] error
  work
    new code
      /cart [client]
    /gone [client] error
[GET]http://127.0.0.1:PORT/hello [server]
  work
    new code
      /cart [client]
    /gone [client] error
"""


def play(stage: Stage) -> None:
    """Use the library on the stage."""
    app = flask.Flask("shop")
    with serving_peer() as peer:
        page = Page(stage, peer)

        @app.route("/hello")
        def hello() -> str:
            stage.note("current", execution_context.get_current_span().name)
            return page()

        @app.route("/fail")
        def fail() -> str:
            raise KeyError("no such thing")

        @app.route("/health")
        def health() -> str:
            return page()

        FlaskMiddleware(app, ["health"], samplers.AlwaysOnSampler(), stage.exporter)
        with serving_wsgi(app) as url:
            page.visit_all(url)
