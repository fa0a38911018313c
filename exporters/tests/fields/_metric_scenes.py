"""Measure what a row's code says, in the interface that its table is about, and return what is collected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opencensus.metrics.export import summary, time_series, value
from opencensus.metrics.export.cumulative import DoubleCumulative, LongCumulative
from opencensus.metrics.export.gauge import DoubleGauge, LongGauge, Registry
from opencensus.metrics.export.metric import Metric as OCMetric
from opencensus.metrics.export.metric_descriptor import MetricDescriptor, MetricDescriptorType
from opencensus.metrics.export.metric_producer import MetricProducer, MetricProducerManager
from opencensus.metrics.export.point import Point
from opencensus.metrics.label_key import LabelKey
from opencensus.metrics.label_value import LabelValue
from opencensus.stats import aggregation, execution_context
from opencensus.stats.measure import MeasureFloat
from opencensus.stats.stats import _Stats
from opencensus.stats.view import View
from opencensus.tags import TagMap

from exporters.tests.fields._scenes import RESOURCE, SCHEMA, START_NS, FixedIds
from midspan import metrics, sdk, testing, trace
from midspan.bridges import opencensus as oc_bridge
from midspan.metrics import Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["METRIC_SCENES"]

LATER_NS = 5_000_000_000


def _told(act: Callable[[], object], reader: sdk.PullReader) -> Sequence[metrics.Metric]:
    """Return what is collected five seconds after `act` was done."""
    clock = testing.FakeClock(START_NS)
    sdk.configure(
        exporters=[],
        metric_readers=[reader],
        clock=clock,
        ids=FixedIds(),
        resource=RESOURCE,
        detectors=[],
        self_metrics=False,
        environment={},
    )
    try:
        # Some instruments live only as long as somebody has them.
        kept = act()
        clock.advance(ns=LATER_NS)
        told = list(reader.collect())
        del kept
    finally:
        sdk.reset()
    return told


def _in_call(act: Callable[..., object], *arguments: Any) -> None:
    """Do something in a span."""
    with trace.get_tracer("shop").start_as_current_span("call"):
        act(*arguments)


# What a row's code may begin with, where it matters who reads.
READERS: dict[str, Callable[[], sdk.PullReader]] = {
    "": sdk.PullReader,
    "changes": lambda: sdk.PullReader("delta"),
    "powers": lambda: sdk.PullReader(histogram_aggregation="base2_exponential_bucket_histogram"),
}


def native(code: str) -> Sequence[metrics.Metric]:
    """Run code that is given a `meter`; what stands before `::` says who reads."""
    who, _, code = code.rpartition(":: ")

    def act() -> object:
        meter = metrics.get_meter("shop.checkout", "1.2.0", SCHEMA, {"team": "cart"})
        names = {"meter": meter, "in_call": _in_call, "Observation": Observation}
        exec(compile(code, "docs/fields.md", "exec"), names)
        return names

    return _told(act, READERS[who]())


class _Shop:
    """OpenCensus's stats and metrics as an application uses them."""

    def __init__(self) -> None:
        execution_context.clear()
        self._stats: Any = _Stats()
        self._latency = MeasureFloat("latency", "of an order", "ms")
        self._registry = Registry()

    def view(self, aggregated: Any) -> None:
        """Register a view of the latency by shop."""
        view = View("orders", "of the shop", ["shop"], self._latency, aggregated)
        self._stats.view_manager.register_view(view)

    def record(self, latency_ms: float, shop: str = "", **attachments: str) -> None:
        """Record a latency, tagged with the shop if one is named."""
        tags = TagMap()
        if shop:
            tags.insert("shop", shop)
        measured = self._stats.stats_recorder.new_measurement_map()
        measured.measure_float_put(self._latency, latency_ms)
        for key, text in attachments.items():
            measured.measure_put_attachment(key, text)
        measured.record(tags)

    def point(self, kind: Any) -> Any:
        """Return the point of a gauge, or of a cumulative, of the shop in Lisbon."""
        made = kind("orders", "of the shop", "{order}", [LabelKey("shop", "")])
        self._registry.add_gauge(made)
        return made.get_or_create_time_series([LabelValue("Lisbon")])


class _Summaries(MetricProducer):
    """A producer of the application's own, as only such tell of summaries."""

    def get_metrics(self) -> list[OCMetric]:
        at = [summary.ValueAtPercentile(99.0, 7.5)]
        told = value.ValueSummary(summary.Summary(3, 12.5, summary.Snapshot(3, 12.5, at)))
        form = MetricDescriptor("orders", "of the shop", "ms", MetricDescriptorType.GAUGE_INT64, [])
        # Its constructor knows no summaries, though all that reads a descriptor does.
        form._type = MetricDescriptorType.SUMMARY
        series = time_series.TimeSeries([], [Point(told, None)], None)
        return [OCMetric(form, [series])]


def opencensus(code: str) -> Sequence[metrics.Metric]:
    """Run code that is given `view`, `record` and `point`, with the bridge installed."""

    def act() -> object:
        shop, manager = _Shop(), MetricProducerManager()
        names = {"view": shop.view, "record": shop.record, "point": shop.point, "in_call": _in_call}
        names |= {each.__name__: each for each in (LongGauge, DoubleGauge, LongCumulative, DoubleCumulative)}
        names |= {name: made for name, made in vars(aggregation).items() if name.endswith("Aggregation")}
        names |= {"manager": manager, "summaries": _Summaries()}
        exec(compile(code, "docs/fields.md", "exec"), names)
        return names

    oc_bridge.install()
    try:
        return _told(act, sdk.PullReader())
    finally:
        oc_bridge.uninstall()
        execution_context.clear()


# By the headings of the tables.
METRIC_SCENES: dict[str, Callable[[str], Sequence[metrics.Metric]]] = {
    "Native metrics": native,
    "OpenCensus stats and metrics": opencensus,
}
