"""Shipping: a Flask service as it was written for OpenCensus, with traces, stats and tags."""

from __future__ import annotations

import os
import time

import flask
import requests
from opencensus.ext.flask.flask_middleware import FlaskMiddleware
from opencensus.stats import aggregation, measure, stats, view
from opencensus.tags import tag_key, tag_map, tag_value
from opencensus.trace import config_integration, execution_context, samplers

__all__ = ["app"]

config_integration.trace_integrations(["requests"])
app = flask.Flask("shipping")
middleware = FlaskMiddleware(app, sampler=samplers.AlwaysOnSampler())

ZONE = tag_key.TagKey("zone")
WEIGHT = measure.MeasureInt("shipping/weight", "What a parcel weighs", "g")
POSTAGE = measure.MeasureFloat("shipping/postage", "What a parcel costs to send", "EUR")
LIGHT = 1000
BOUNDS = [250.0, 500.0, 1000.0, 2000.0, 5000.0]
VIEWS = [
    view.View("shipping/parcels", "Parcels sent", [ZONE], WEIGHT, aggregation.CountAggregation()),
    view.View("shipping/weight", "Weight", [ZONE], WEIGHT, aggregation.DistributionAggregation(BOUNDS)),
    view.View("shipping/postage", "Postage taken", [ZONE], POSTAGE, aggregation.SumAggregation()),
]
for each in VIEWS:
    stats.stats.view_manager.register_view(each)


@app.route("/parcels/<item>")
def send(item: str) -> flask.Response:
    """Send an item in its three parts: weigh them, have the postage booked, and count."""
    parcels = {part: weigh(part) for part in ("case", "works", "manual")}
    postage = {part: 5.9 if grams > LIGHT else 3.9 for part, grams in parcels.items()}
    cents = round(sum(postage.values()) * 100)
    answer = requests.get(f"{os.environ['LEDGER_URL']}/bookings/{cents}", timeout=10)
    for part, grams in parcels.items():
        count("abroad" if part == "manual" else "domestic", grams, postage[part])
    return flask.jsonify({"item": item, "postage": cents, **answer.json()})


def weigh(part: str) -> int:
    """Return grams."""
    with execution_context.get_opencensus_tracer().span(name=f"weigh {part}") as span:
        time.sleep(0.002)
        grams = {"case": 1840, "works": 720, "manual": 160}[part]
        span.add_attribute("grams", grams)
        return grams


def count(zone: str, grams: int, euros: float) -> None:
    """Record a parcel."""
    tags = tag_map.TagMap()
    tags.insert(ZONE, tag_value.TagValue(zone))
    parcel = stats.stats.stats_recorder.new_measurement_map()
    parcel.measure_int_put(WEIGHT, grams)
    parcel.measure_float_put(POSTAGE, euros)
    parcel.record(tags)
