"""A shop that was written for jaeger-client: Flask, flask-opentracing, a database."""

from __future__ import annotations

import logging
import sqlite3
import sys

import jaeger_client
import opentracing
from flask import Flask
from flask_opentracing import FlaskTracing

logging.basicConfig(level=logging.INFO)
app = Flask(__name__)
tracer = jaeger_client.Config(
    {"sampler": {"type": "const", "param": 1}, "logging": False}, service_name="shop"
).initialize_tracer()
tracing = FlaskTracing(tracer, trace_all_requests=True, app=app)


@app.route("/<int:number>")
def order(number):
    """Take an order."""
    with opentracing.tracer.start_active_span("charge") as scope:
        scope.span.set_tag("order", number)
        with sqlite3.connect(":memory:") as connection:
            connection.execute("SELECT 1")
    return "ok"


# One thread: flask-opentracing loses spans where several serve at once, with any tracer.
app.run("127.0.0.1", int(sys.argv[1]), threaded=False)
