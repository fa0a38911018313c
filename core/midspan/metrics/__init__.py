"""Measure how much and how often: instruments, and the finished metrics that exporters see.

>>> from midspan import metrics
>>> meter = metrics.get_meter("shop.checkout")
>>> requests = meter.create_counter("requests", unit="1", description="Requests served")
>>> requests.add(1, {"route": "/"})
>>> fast = requests.bind({"route": "/"})
>>> fast.add(1)
"""

from __future__ import annotations

from midspan.metrics._instruments import (
    BoundInstrument,
    Counter,
    Gauge,
    Histogram,
    Instrument,
    UpDownCounter,
)
from midspan.metrics._meter import Meter, get_meter, record_batch
from midspan.metrics._observables import (
    ObservableCounter,
    ObservableGauge,
    ObservableUpDownCounter,
    Observation,
)
from midspan.metrics._points import (
    Buckets,
    Exemplar,
    ExponentialHistogramPoint,
    HistogramPoint,
    Metric,
    MetricKind,
    NumberPoint,
    Point,
    SummaryPoint,
    Temporality,
)

__all__ = [
    "BoundInstrument",
    "Buckets",
    "Counter",
    "Exemplar",
    "ExponentialHistogramPoint",
    "Gauge",
    "Histogram",
    "HistogramPoint",
    "Instrument",
    "Meter",
    "Metric",
    "MetricKind",
    "NumberPoint",
    "ObservableCounter",
    "ObservableGauge",
    "ObservableUpDownCounter",
    "Observation",
    "Point",
    "SummaryPoint",
    "Temporality",
    "UpDownCounter",
    "get_meter",
    "record_batch",
]
