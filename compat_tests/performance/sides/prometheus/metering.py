"""The metric rows, by prometheus_client: its fastest spelling, labels by position."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram

from compat_tests.performance._orders import BOUNDARIES, METHOD, counted, orders
from compat_tests.performance._timed import Timed

LABELS = ("method", "route")


def _values(registry: CollectorRegistry) -> list[list[Any]]:
    (family,) = registry.collect()
    return [[sample.labels, int(sample.value)] for sample in family.samples if sample.name == "orders_total"]


def counter_add() -> Timed:
    """An addition to a counter, with two labels."""
    registry = CollectorRegistry()
    counter = Counter("orders", "Orders taken", LABELS, registry=registry)
    given: dict[str, Any] = {}

    def run(_iterations: int) -> None:
        for route, _latency in given["orders"]:
            counter.labels(METHOD, route).inc()

    def prepare(iterations: int) -> None:
        given["orders"] = orders(iterations)

    return Timed(
        run,
        lambda: sum(value for _, value in _values(registry)),
        lambda: _values(registry),
        prepare=prepare,
    )


def histogram_record() -> Timed:
    """An observation of a histogram, with two labels."""
    registry = CollectorRegistry()
    histogram = Histogram("latency", "ms", LABELS, buckets=BOUNDARIES, registry=registry)
    given: dict[str, Any] = {}

    def run(_iterations: int) -> None:
        for route, latency in given["orders"]:
            histogram.labels(METHOD, route).observe(latency)

    def prepare(iterations: int) -> None:
        given["orders"] = orders(iterations)

    return Timed(run, lambda: counted(_points(registry)), lambda: _points(registry), prepare=prepare)


def counter_bound() -> Timed:
    """An addition to a child that was looked up beforehand."""
    registry = CollectorRegistry()
    child = Counter("orders", "Orders taken", LABELS, registry=registry).labels(METHOD, "/cart/1")

    def run(iterations: int) -> None:
        for _ in range(iterations):
            child.inc()

    return Timed(run, lambda: sum(value for _, value in _values(registry)), lambda: _values(registry))


def _points(registry: CollectorRegistry) -> list[list[Any]]:
    """Show the histogram as the others do: here, each bucket counts all that are below it as well."""
    (family,) = registry.collect()
    shown: dict[str, list[Any]] = {}
    for sample in family.samples:
        labels = {name: sample.labels[name] for name in LABELS}
        point = shown.setdefault(sample.labels["route"], [labels, 0, 0.0, [], 0])
        if sample.name == "latency_bucket":
            point[3].append(int(sample.value) - point[4])
            point[4] = int(sample.value)
        elif sample.name == "latency_count":
            point[1] = int(sample.value)
        elif sample.name == "latency_sum":
            point[2] = sample.value
    return [point[:4] for point in shown.values()]
