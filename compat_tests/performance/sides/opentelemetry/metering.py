"""The metric rows, by OpenTelemetry, which has no bound instruments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import View
from opentelemetry.sdk.resources import Resource

from compat_tests.performance._orders import METHOD, SERIES, Collected, counted, orders
from compat_tests.performance._timed import Timed

if TYPE_CHECKING:
    from collections.abc import Callable


class Pipeline:
    """A provider with a reader that is asked for the totals."""

    def __init__(self, **settings: Any) -> None:
        self._reader = InMemoryMetricReader()
        provider = MeterProvider(
            [self._reader],
            resource=Resource.create({"service.name": "shop"}),
            shutdown_on_exit=False,
            **settings,
        )
        self.meter = provider.get_meter("shop.checkout", "1.2.0")

    def points(self, name: str) -> Any:
        """Collect, and pick out one metric's points."""
        data = self._reader.get_metrics_data()
        return next(
            (
                metric.data.data_points
                for resource in (data.resource_metrics if data else ())
                for scope in resource.scope_metrics
                for metric in scope.metrics
                if metric.name == name
            ),
            (),
        )

    def values(self) -> list[list[Any]]:
        return [[dict(point.attributes), point.value] for point in self.points("orders")]

    def total(self) -> int:
        return sum(value for _, value in self.values())


def counter_add() -> Timed:
    """An addition to a counter, with two attributes."""
    pipeline = Pipeline()
    counter = pipeline.meter.create_counter("orders", unit="1")
    given: dict[str, Any] = {}

    def run(_iterations: int) -> None:
        for route, _latency in given["orders"]:
            counter.add(1, {"method": METHOD, "route": route})

    def prepare(iterations: int) -> None:
        given["orders"] = orders(iterations)

    return Timed(run, pipeline.total, pipeline.values, prepare=prepare)


def histogram_record() -> Timed:
    """A record of a histogram, with two attributes."""
    pipeline = Pipeline()
    histogram = pipeline.meter.create_histogram("latency", unit="ms")
    given: dict[str, Any] = {}

    def run(_iterations: int) -> None:
        for route, latency in given["orders"]:
            histogram.record(latency, {"method": METHOD, "route": route})

    def prepare(iterations: int) -> None:
        given["orders"] = orders(iterations)

    def points() -> list[list[Any]]:
        return [
            [dict(point.attributes), point.count, point.sum, list(point.bucket_counts)]
            for point in pipeline.points("latency")
        ]

    return Timed(run, lambda: counted(points()), points, prepare=prepare)


def collect_series() -> Timed:
    """A collection of many sums that have all grown since the round before."""
    pipeline = _roomy()
    counter = pipeline.meter.create_counter("orders", unit="1")
    return _collecting(pipeline, counter.add, lambda point: point.value)


def collect_histograms() -> Timed:
    """A collection of many histograms that have all grown since the round before."""
    pipeline = _roomy()
    histogram = pipeline.meter.create_histogram("orders", unit="1")
    return _collecting(pipeline, histogram.record, lambda point: point.count)


def _roomy() -> Pipeline:
    return Pipeline(views=[View(instrument_name="orders", aggregation_cardinality_limit=2 * SERIES)])


def _collecting(pipeline: Pipeline, record: Callable[..., None], value_of: Callable[[Any], int]) -> Timed:
    collected = Collected()
    latest: dict[str, Any] = {}

    def run(iterations: int) -> None:
        for _ in range(iterations):
            latest["points"] = points = pipeline.points("orders")
            collected.points += len(points)

    def prepare(_iterations: int) -> None:
        for number in range(SERIES):
            record(1, {"method": METHOD, "user": f"u-{number}"})
        collected.added += SERIES

    def made() -> int:
        # Before a round the series are ahead of what was collected.
        if latest:
            collected.values = {point.attributes["user"]: value_of(point) for point in latest.pop("points")}
            return collected.made()
        return collected.points

    return Timed(run, made, collected.sample, prepare=prepare)


class attribute_sets:  # noqa: N801 - named as its row is
    """Count by ever new users: past the limit, all are one series, and the total stays true."""

    def __init__(self) -> None:
        self._pipeline = Pipeline()
        self._counter = self._pipeline.meter.create_counter("orders", unit="1")
        self._users = 0
        self._told = 0

    def fill(self, sets: int) -> None:
        """Add 1 under so many attribute sets that were never seen before."""
        for number in range(self._users, self._users + sets):
            self._counter.add(1, {"method": METHOD, "user": f"u-{number:010d}"})
        self._users += sets

    def drain(self) -> None:
        """Collect."""
        self._told = self._pipeline.total()

    def exported(self) -> int:
        """Tell the total of the latest collection."""
        return self._told
