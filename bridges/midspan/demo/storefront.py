"""The storefront: a Flask service as it was written for OpenTracing, years ago."""

from __future__ import annotations

import os
import time

import flask
import opentracing
from flask_opentracing import FlaskTracing
from requests_opentracing import SessionTracing

__all__ = ["app"]

app = flask.Flask("storefront")
tracing = FlaskTracing(trace_all_requests=True, app=app)
http = SessionTracing()


@app.route("/checkout/<item>")
def checkout(item: str) -> flask.Response:
    """Sell one item: look into the stock, have it priced, and have it sent."""
    span = opentracing.tracer.active_span
    span.set_baggage_item("customer.tier", "gold")
    span.set_tag("shop.item", item)
    reserve(item)
    price = http.get(f"{os.environ['PRICING_URL']}/quote?item={item}", timeout=10)
    parcel = http.get(f"{os.environ['SHIPPING_URL']}/parcels/{item}", timeout=10)
    return flask.jsonify({"item": item, "price": price.json(), "parcel": parcel.json()})


def reserve(item: str) -> None:
    """Reserve stock; the first warehouse is always out of it, the second never."""
    for warehouse in ("north", "south"):
        with opentracing.tracer.start_active_span("reserve", tags={"warehouse": warehouse}) as scope:
            time.sleep(0.004)
            if warehouse == "south":
                scope.span.log_kv({"event": "reserved", "item": item})
                return
            scope.span.set_tag("error", True)  # noqa: FBT003 - as OpenTracing has it
            scope.span.log_kv({"event": "error", "message": "out of stock"})
