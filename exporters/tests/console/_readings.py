"""Metrics to draw: made by hand, so that every figure in a picture is known."""

from __future__ import annotations

from typing import Any

from exporters.tests.console._scene import BEGIN_NS, MS, OPENCENSUS
from midspan.metrics import (
    Buckets,
    Exemplar,
    ExponentialHistogramPoint,
    HistogramPoint,
    Metric,
    MetricKind,
    NumberPoint,
    SummaryPoint,
    Temporality,
)
from midspan.resource import Resource
from midspan.trace import InstrumentationScope

__all__ = ["histogram", "metric", "number", "readings"]

END_NS = BEGIN_NS + 12_300 * MS


def metric(kind: MetricKind, *points: Any, **more: Any) -> Metric:
    """Return a metric, by default one of the checkout's own."""
    fields: dict[str, Any] = {
        "name": "orders",
        "unit": "1",
        "description": "",
        "scope": InstrumentationScope(more.pop("scope", "shop.checkout"), more.pop("version", "")),
        "resource": Resource({"service.name": more.pop("service", "checkout")}),
    }
    return Metric(**{**fields, "kind": kind, "points": points, **more})


def number(value: float, exemplars: Any = (), **attributes: Any) -> NumberPoint:
    """Return the value of one series."""
    return NumberPoint(attributes, BEGIN_NS, END_NS, value, exemplars)


def histogram(counts: Any, bounds: Any, **more: Any) -> HistogramPoint:
    """Return a series of a histogram."""
    fields: dict[str, Any] = {"sum": 0.0, "count": sum(counts), "attributes": {}}
    return HistogramPoint(
        **{
            **fields,
            "start_ns": BEGIN_NS,
            "time_ns": END_NS,
            "bucket_counts": counts,
            "bounds": bounds,
            **more,
        }
    )


def readings() -> list[Metric]:
    """Return what two services of two ages counted and measured."""
    exemplars = [Exemplar(48.0, END_NS, 0xABC, 3), Exemplar(212.5, END_NS, 0xABC, 4, {"cart": "31"})]
    bounds = (5, 10, 25, 50, 100, 250)
    charge = histogram(
        [0, 3, 14, 9, 2, 1, 0],
        bounds,
        sum=760.0,
        min=6.5,
        max=212.5,
        exemplars=exemplars,
        attributes={"card": "visa"},
    )
    one = histogram([0, 1, 0, 0, 0, 0, 0], bounds, sum=7.0, min=7.0, max=7.0, attributes={"card": "amex"})
    size = ExponentialHistogramPoint(
        {}, BEGIN_NS, END_NS, 40, 52_000.0, 0, 0, Buckets(8, (5, 20, 10, 5)), Buckets(0, ()), 300.0, 3900.0
    )
    views = {"service": "billing", "scope": OPENCENSUS, "version": "0.1.0"}
    return [
        metric(
            MetricKind.SUM,
            number(27, route="/checkout"),
            number(3, route="/cart"),
            version="1.2.0",
            unit="{order}",
            is_monotonic=True,
        ),
        metric(MetricKind.HISTOGRAM, charge, one, name="charge.duration", unit="ms", version="1.2.0"),
        metric(MetricKind.SUM, number(-2), name="carts.open", version="1.2.0"),
        metric(MetricKind.GAUGE, number(0.7251), name="load", version="1.2.0"),
        metric(MetricKind.EXPONENTIAL_HISTOGRAM, size, name="request.size", unit="By", scope="shop.http"),
        metric(
            MetricKind.SUM,
            number(30, method="POST"),
            name="billing/requests",
            is_monotonic=True,
            temporality=Temporality.DELTA,
            **views,
        ),
        metric(
            MetricKind.SUMMARY,
            SummaryPoint({"method": "POST"}, BEGIN_NS, END_NS, 30, 315.0, ((0.5, 8.0), (0.99, 62.5))),
            name="billing/latency",
            unit="ms",
            **views,
        ),
    ]
