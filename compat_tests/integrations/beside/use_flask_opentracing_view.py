"""flask-opentracing's decorator, on one view; the other is left to the integration."""

from __future__ import annotations

from _stage import ask_wsgi
from flask import Flask

BRIDGE = "opentracing"
INTEGRATIONS = ("flask",)
GIVES = """
page | new code
  hello server | opentracing
  GET /other server | flask
  GET server | flask
"""

app = Flask("shop")
app.add_url_rule("/other", "other", lambda: "hello")


def set_up():
    """Decorate a view; it returns a response, for the decorator fails for one that returns a text."""
    from flask_opentracing import FlaskTracing

    app.add_url_rule("/hello", "hello", FlaskTracing().trace()(lambda: app.make_response("hello")))


def ask():
    """Ask for each view, and for none."""
    for path in ("/hello", "/other", "/none"):
        ask_wsgi(app, path)
