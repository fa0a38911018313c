"""Finished metrics to try an exporter with: one of every kind, and odd ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

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

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["finished_metrics", "odd_metrics"]

_SCOPE: Final = InstrumentationScope("midspan.testing", "1.0")
_RESOURCE: Final = Resource({"service.name": "testing"})
_START_NS, _END_NS = 1_700_000_000_000_000_000, 1_700_000_060_000_000_000
_SEEN: Final = (Exemplar(2.5, _END_NS - 1, 0xABC, 0xDEF, {"user": "a"}),)


def finished_metrics(*names: str) -> list[Metric]:
    """Return metrics with these names, of one kind after the other, with a little of everything."""
    kinds = list(_POINTS)
    return [_metric(name, kinds[number % len(kinds)]) for number, name in enumerate(names)]


def odd_metrics() -> list[Metric]:
    """Return metrics that hold everything that midspan lets through: extreme, empty and unusual."""
    odd: dict[str, Any] = {
        "text": "naïve \U0001f680 \x00",
        "surrogate": "\ud800",
        "mixed": (None, True, b"\xff", {"a": ()}),
    }
    numbers = [0, -1, 2**63 - 1, -(2**63), 1e308, -1e308, 5e-324, -0.0]
    points = [NumberPoint({"n": n}, 0, 2**63 - 1, number) for n, number in enumerate(numbers)]
    empty: dict[str, Any] = {}
    return [
        _metric("numbers", MetricKind.GAUGE)._replace(points=points),
        _metric("attributes", MetricKind.SUM)._replace(
            points=[NumberPoint(odd, 0, 1, 1)], is_monotonic=False
        ),
        _metric("unsent", MetricKind.SUM)._replace(points=[]),
        _metric("delta", MetricKind.HISTOGRAM)._replace(
            temporality=Temporality.DELTA, unit="", description=""
        ),
        _metric("one bucket", MetricKind.HISTOGRAM)._replace(
            points=[HistogramPoint(empty, 0, 1, 1, 3.5, (1,), (), exemplars=(Exemplar(3.5, 1),))]
        ),
        _metric("no sum", MetricKind.HISTOGRAM)._replace(
            points=[HistogramPoint(empty, 0, 1, 2, None, (2, 0), (math.pi,))]
        ),
        _metric("far away", MetricKind.EXPONENTIAL_HISTOGRAM)._replace(
            points=[
                ExponentialHistogramPoint(
                    empty, 0, 1, 2, 0.0, 20, 0, Buckets(-(1022 << 20) - 1, (1,)), Buckets(1023 << 20, (1,))
                )
            ]
        ),
        _metric("", MetricKind.SUMMARY)._replace(points=[SummaryPoint(empty, 0, 1, 0, 0.0)]),
    ]


def _metric(name: str, kind: MetricKind) -> Metric:
    return Metric(
        name, "ms", "an example", _SCOPE, _RESOURCE, kind, _POINTS[kind], is_monotonic=kind is MetricKind.SUM
    )


_ROUTE: Final = {"route": "/"}
_POINTS: Final[dict[MetricKind, Sequence[Any]]] = {
    MetricKind.SUM: (
        NumberPoint(_ROUTE, _START_NS, _END_NS, 3, _SEEN),
        NumberPoint({"route": "/cart", "ok": True}, _START_NS, _END_NS, 4.5),
    ),
    MetricKind.GAUGE: (NumberPoint(_ROUTE, _START_NS, _END_NS, -2.5, _SEEN),),
    MetricKind.HISTOGRAM: (
        HistogramPoint(_ROUTE, _START_NS, _END_NS, 6, 21.5, (1, 2, 3), (1, 5), 0.5, 9, _SEEN),
    ),
    MetricKind.EXPONENTIAL_HISTOGRAM: (
        ExponentialHistogramPoint(
            _ROUTE, _START_NS, _END_NS, 7, 12.5, 3, 1, Buckets(-2, (1, 0, 2)), Buckets(4, (3,)), -1.5, 8,
            exemplars=_SEEN,
        ),
    ),
    MetricKind.SUMMARY: (SummaryPoint(_ROUTE, _START_NS, _END_NS, 8, 40.0, ((0.5, 4.0), (0.99, 9.0))),),
}  # fmt: skip
