"""flask-opentracing, of an application that `wsgi` is around, and that the integration of Flask knows."""

from __future__ import annotations

from _stage import ask_wsgi
from flask import Flask

from midspan.integrations import wsgi

BRIDGE = "opentracing"
INTEGRATIONS = ("flask",)
GIVES = """
page | new code
  hello server | opentracing
  hello server | opentracing
"""

app = Flask("shop")
app.add_url_rule("/hello", "hello", lambda: "hello")


def set_up():
    """Set the legacy library up."""
    from flask_opentracing import FlaskTracing

    FlaskTracing(trace_all_requests=True, app=app)


def ask():
    """Ask for something twice."""
    app.wsgi_app = wsgi.instrument(app.wsgi_app)
    ask_wsgi(app)
    ask_wsgi(app)
