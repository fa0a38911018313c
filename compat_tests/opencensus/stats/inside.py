"""An OpenCensus application whose metrics Prometheus scrapes from midspan's pipeline.

It prints the port that it serves on, and what OpenCensus's own producers say, as one line of JSON; it ends
when its input does.
"""

from __future__ import annotations

import json
import random
import re
import sys
from typing import TYPE_CHECKING, Any

from opencensus.metrics.export import cumulative, gauge
from opencensus.metrics.label_key import LabelKey
from opencensus.metrics.label_value import LabelValue
from opencensus.stats import aggregation, measure, view
from opencensus.stats.stats import stats
from opencensus.tags import TagMap
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import Metric

from midspan import sdk
from midspan.bridges import opencensus as bridge

if TYPE_CHECKING:
    from collections.abc import Iterator

# Prometheus takes an empty label for one that is missing.
EMPTY = "(empty)"
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


class Scraped:
    """Show what a reader of midspan's collects, as prometheus_client's registry asks for it."""

    def __init__(self, reader: sdk.PullReader) -> None:
        self._reader = reader

    def collect(self) -> Iterator[Metric]:
        """Yield a family for each metric."""
        for metric in self._reader.collect():
            kind = {"sum": "counter"}.get(metric.kind.value, metric.kind.value)
            family = Metric(re.sub(r"\W", "_", metric.name), metric.description, kind)
            for point in metric.points:
                labels = {key: text or EMPTY for key, text in point.attributes.items()}
                for suffix, more, value in numbers_of(point, kind):
                    family.add_sample(family.name + suffix, labels | more, value)
            yield family


def numbers_of(point: Any, kind: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield suffix, further label and value of each sample of a point."""
    if kind != "histogram":
        yield "_total" if kind == "counter" else "", {}, point.value
        return
    reached = 0
    for bound, count in zip([*point.bounds, float("inf")], point.bucket_counts, strict=True):
        reached += count
        yield "_bucket", {"le": "+Inf" if bound == float("inf") else repr(float(bound))}, reached
    yield "_count", {}, point.count
    yield "_sum", {}, point.sum


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
    reader = sdk.PullReader()
    sdk.configure(service_name="shop", exporters=[], metric_readers=[reader])
    bridge.install()
    for each in VIEWS:
        stats.view_manager.register_view(each)
    gauges = registry()
    record(seed=7)
    scraped = CollectorRegistry()
    scraped.register(Scraped(reader))
    server, thread = start_http_server(0, addr="127.0.0.1", registry=scraped)
    print(json.dumps({"port": server.server_port, "said": said([stats, gauges])}), flush=True)
    sys.stdin.read()
    server.shutdown()
    thread.join()


main()
