"""An OpenCensus application whose metrics Prometheus scrapes from midspan's pipeline.

It prints the port that it serves on, and what OpenCensus's own producers say, as one line of JSON; it ends
when its input does.
"""

from __future__ import annotations

import json
import random
import sys
from typing import Any

from opencensus.metrics.export import cumulative, gauge
from opencensus.metrics.export.metric_descriptor import MetricDescriptorType
from opencensus.metrics.label_key import LabelKey
from opencensus.metrics.label_value import LabelValue
from opencensus.stats import aggregation, measure, view
from opencensus.stats.stats import stats
from opencensus.tags import TagMap
from prometheus_client import CollectorRegistry

from midspan import sdk
from midspan.bridges import opencensus as bridge
from midspan.exporters.prometheus import PrometheusExporter

GAUGES = (MetricDescriptorType.GAUGE_INT64, MetricDescriptorType.GAUGE_DOUBLE)
LATENCY = measure.MeasureFloat("latency", "of an order", "ms")
ITEMS = measure.MeasureInt("items", "of an order", "{item}")
VIEWS = (
    view.View("shop.example/orders", "orders", ["k", "l"], LATENCY, aggregation.CountAggregation()),
    view.View("shop.example/time", "time spent", ["k"], LATENCY, aggregation.SumAggregation()),
    view.View("shop.example/items", "items sold", ["l"], ITEMS, aggregation.SumAggregation()),
    view.View("shop.example/last", "last order", ["k"], LATENCY, aggregation.LastValueAggregation()),
    view.View(
        "shop.example/latency",
        "of an order",
        ["k", "l"],
        LATENCY,
        aggregation.DistributionAggregation([0.5, 2.5, 5.0, 10.0, 100.0]),
    ),
    view.View("shop.example/whole", "of all", [], LATENCY, aggregation.DistributionAggregation()),
)


def record(seed: int) -> None:
    """Record orders with tags that are there, empty, or missing."""
    chance = random.Random(seed)
    for _ in range(500):
        tags = TagMap()
        for key, texts in (("k", ["a", "b c", "", None]), ("l", ['"quoted"', "\\", "", None])):
            text = chance.choice(texts)
            if text is not None:
                tags.insert(key, text)
        measured = stats.stats_recorder.new_measurement_map()
        measured.measure_float_put(LATENCY, chance.choice([0.5, 2.5, 3.25, chance.random() * 200]))
        measured.measure_int_put(ITEMS, chance.randrange(10))
        measured.record(tags)


def registry() -> gauge.Registry:
    """Make gauges and cumulatives."""
    made = gauge.Registry()
    for kind in (gauge.LongGauge, gauge.DoubleGauge, cumulative.LongCumulative, cumulative.DoubleCumulative):
        each = kind(f"shop.example/{kind.__name__}", kind.__doc__, "1", [LabelKey("k", "")])
        made.add_gauge(each)
        for number, text in enumerate(["a", "", None], 2):
            each.get_or_create_time_series([LabelValue(text)]).add(number)
    return made


def said(producers: list[Any]) -> list[dict[str, Any]]:
    """Return what OpenCensus's own producers say."""
    return [
        {
            "name": metric.descriptor.name,
            "unit": metric.descriptor.unit,
            "is_gauge": metric.descriptor.type in GAUGES,
            "labels": {
                key.key: label.value
                for key, label in zip(metric.descriptor.label_keys, series.label_values, strict=True)
            },
            "value": value_of(series.points[0].value),
        }
        for producer in producers
        for metric in producer.get_metrics()
        for series in metric.time_series
    ]


def value_of(value: Any) -> Any:
    """Return a number, or the facts of a distribution."""
    if not hasattr(value, "buckets"):
        return value.value
    bounds = [] if value.buckets is None else value.bucket_options.type_.bounds
    counts = [value.count] if value.buckets is None else [bucket.count for bucket in value.buckets]
    return {"count": value.count, "sum": value.sum, "bounds": bounds, "counts": counts}


def main() -> None:
    """Count, serve, and wait for the end."""
    exporter = PrometheusExporter(host="127.0.0.1", port=0, registry=CollectorRegistry(), scope_labels=False)
    sdk.configure(service_name="shop", exporters=[exporter])
    bridge.install()
    for each in VIEWS:
        stats.view_manager.register_view(each)
    gauges = registry()
    record(seed=7)
    print(json.dumps({"port": exporter.port, "said": said([stats, gauges])}), flush=True)
    sys.stdin.read()


main()
