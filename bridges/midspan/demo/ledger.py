"""The ledger: another Flask service on OpenTracing."""

from __future__ import annotations

import time

import flask
import opentracing
from flask_opentracing import FlaskTracing

__all__ = ["app"]

app = flask.Flask("ledger")
tracing = FlaskTracing(trace_all_requests=True, app=app)


@app.route("/bookings/<int:cents>")
def book(cents: int) -> flask.Response:
    """Write a sale down."""
    tier = opentracing.tracer.active_span.get_baggage_item("customer.tier") or "unknown"
    with opentracing.tracer.start_active_span("INSERT booking", tags={"span.kind": "client"}) as scope:
        scope.span.set_tag("customer.tier", tier).set_tag("cents", cents)
        time.sleep(0.008)
    return flask.jsonify({"booking": f"{tier}-{cents}"})
