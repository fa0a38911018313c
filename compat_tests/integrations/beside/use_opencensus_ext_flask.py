"""opencensus-ext-flask."""

from __future__ import annotations

from _stage import ask_wsgi
from flask import Flask

BRIDGE = "opencensus"
INTEGRATIONS = ("flask",)
GIVES = """
page | new code
  [GET]http://127.0.0.1/hello server | opencensus
  [GET]http://127.0.0.1/hello server | opencensus
"""

app = Flask("shop")
app.add_url_rule("/hello", "hello", lambda: "hello")


def set_up():
    """Set the legacy library up."""
    from opencensus.ext.flask.flask_middleware import FlaskMiddleware
    from opencensus.trace import samplers

    FlaskMiddleware(app, sampler=samplers.AlwaysOnSampler())


def ask():
    """Ask for something twice."""
    ask_wsgi(app)
    ask_wsgi(app)
