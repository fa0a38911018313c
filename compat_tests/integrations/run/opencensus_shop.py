"""A shop that was written for OpenCensus: Flask and requests with its extensions."""

from __future__ import annotations

import logging
import sys

import requests
from flask import Flask
from opencensus.ext.flask.flask_middleware import FlaskMiddleware
from opencensus.trace import config_integration, execution_context
from opencensus.trace.samplers import AlwaysOnSampler

logging.basicConfig(level=logging.INFO)
config_integration.trace_integrations(["requests"])
app = Flask(__name__)
FlaskMiddleware(app, sampler=AlwaysOnSampler())
port = int(sys.argv[1])


@app.route("/<int:number>")
def order(number):
    """Take an order."""
    with execution_context.get_opencensus_tracer().span("charge"):
        return requests.get(f"http://127.0.0.1:{port}/stock", timeout=10).text


@app.route("/stock")
def stock():
    """Look into the stock."""
    return "ok"


app.run("127.0.0.1", port, threaded=True)
