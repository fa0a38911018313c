"""Metrics to send: one of every kind with every field set, those of the benchmark, and odd ones."""

from __future__ import annotations

from typing import Any

from compat_tests.exporters._batches import EVERY_KIND
from compat_tests.performance import _metric_mix
from midspan import metrics, sdk, trace
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

__all__ = ["metrics_of_every_kind", "mixed_metrics", "odd_metrics"]

START_NS, TIME_NS = 1_700_000_000_000_000_001, 1_700_000_060_000_000_002
SCOPE = trace.InstrumentationScope("scope", "1.2", "https://example.org/s", (("scope.k", "v"),))
RESOURCE = Resource({"service.name": "shop"}, "https://example.org/r")
EXEMPLARS = (
    Exemplar(-7, START_NS + 7, 0xABC, 0xDEF, {"taken": "away"}),
    Exemplar(0.25, START_NS + 8),
)


def _metric(kind: MetricKind, name: str, *points: Any, **more: Any) -> Metric:
    return Metric(name, "ms", f"all of {name}", SCOPE, RESOURCE, kind, points, **more)


def _number(value: float, attributes: dict[str, Any] | None = None, exemplars: Any = ()) -> NumberPoint:
    return NumberPoint(attributes or {}, START_NS, TIME_NS, value, exemplars)


def metrics_of_every_kind() -> list[Metric]:
    """Return one metric of each kind, with every field of its points set."""
    frame = EVERY_KIND, START_NS, TIME_NS
    histogram = HistogramPoint(*frame, 6, 12.5, (1, 2, 3), (0.5, 5.0), -0.25, 7.5, EXEMPLARS)
    bare = HistogramPoint({}, START_NS, TIME_NS, 6, None, (), ())
    buckets = Buckets(-3, (1, 0, 300)), Buckets(4, (2,))
    exponential = ExponentialHistogramPoint(
        *frame, 310, 99.5, -2, 7, *buckets, -8.5, 16.25, 0.125, exemplars=EXEMPLARS
    )
    return [
        _metric(
            MetricKind.SUM, "ints", _number(-(2**63), EVERY_KIND, EXEMPLARS), temporality=Temporality.DELTA
        ),
        _metric(MetricKind.SUM, "doubles", _number(1.5), _number(0), is_monotonic=True),
        _metric(
            MetricKind.GAUGE, "gauges", _number(2**63 - 1, EVERY_KIND), _number(-0.5, {"k": "v"}, EXEMPLARS)
        ),
        _metric(MetricKind.HISTOGRAM, "histograms", histogram, bare, temporality=Temporality.DELTA),
        _metric(MetricKind.EXPONENTIAL_HISTOGRAM, "exponentials", exponential),
        _metric(MetricKind.SUMMARY, "summaries", SummaryPoint(*frame, 3, 4.5, ((0.5, 1.25), (0.99, 2.75)))),
    ]


def mixed_metrics() -> list[Metric]:
    """Return the 200 metrics, 2,000 points, of the benchmark's collection."""
    reader = sdk.PullReader()
    sdk.configure(service_name="shop", exporters=[], metric_readers=[reader], environment={})
    meter = metrics.get_meter("shop.checkout", "1.2.0")
    counters = [meter.create_counter(f"c{number}.") for number in range(_metric_mix.COUNTERS)]
    gauges = [meter.create_gauge(f"g{number}.") for number in range(_metric_mix.GAUGES)]
    histograms = [meter.create_histogram(f"h{number}.", "ms") for number in range(_metric_mix.HISTOGRAMS)]
    for of_series in _metric_mix.describe(1):
        for counter in counters:
            counter.add(of_series.added, of_series.attributes)
        for gauge in gauges:
            gauge.set(of_series.level, of_series.attributes)
        with trace.get_tracer("shop").start_as_current_span("order"):
            for histogram in histograms:
                for latency_ms in of_series.latencies_ms:
                    histogram.record(latency_ms, of_series.attributes)
    return reader.collect()


def odd_metrics() -> list[Any]:
    """Return metrics of a source that nobody should ever write, each of which has one good point."""
    good = _number(1, {"good": True})
    odd_points = [
        _number(2**70),
        _number("3"),  # type: ignore[arg-type]
        _number(float("nan")),
        _number(1, {"odd": 2**70, "\ud800": {1}}),
        good._replace(time_ns=-1),
        good._replace(exemplars=(Exemplar(1.0, -1),)),
        None,
    ]
    odd = [_metric(MetricKind.SUM, f"odd{n}.", good, point) for n, point in enumerate(odd_points)]
    histogram = HistogramPoint({}, START_NS, TIME_NS, 6, 12.5, (1, 2), (0.5, 5.0, 9.0))
    lost = [None, _metric(MetricKind.SUM, "lost", good)._replace(kind=None)]  # type: ignore[arg-type]
    return [*odd, *lost, _metric(MetricKind.HISTOGRAM, "odd7.", histogram)]
