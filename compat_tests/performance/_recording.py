"""Record stats by OpenCensus's own API: the same code over midspan's bridge and without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opencensus.stats.aggregation import DistributionAggregation
from opencensus.stats.measure import MeasureFloat
from opencensus.stats.stats import stats
from opencensus.stats.view import View
from opencensus.tags.tag_map import TagMap

from compat_tests.performance._orders import METHOD
from compat_tests.performance._timed import Timed

if TYPE_CHECKING:
    from collections.abc import Callable

BOUNDS = [1.0, 5.0, 25.0, 100.0]
LATENCY_MS = 12.5


def recording(tag_sets: int, read: Callable[[], list[list[Any]]]) -> Timed:
    """Record a latency in as many tag sets, each in turn; `read` tells what came of it, sorted."""
    latency = MeasureFloat("latency", "of an order", "ms")
    columns = ["method", "route"]
    view = View("latency", "of an order", columns, latency, DistributionAggregation(BOUNDS))
    stats.view_manager.register_view(view)
    recorder = stats.stats_recorder
    tags = [_tags(number) for number in range(tag_sets)]
    # All rows are there from the start: it is how many there are that costs, not making them.
    for each in tags:
        _record(recorder, latency, each)

    def run(iterations: int) -> None:
        for number in range(iterations):
            _record(recorder, latency, tags[number % tag_sets])

    def made() -> int:
        return sum(count for _, count, *_ in read())

    return Timed(run, made, read)


def _tags(number: int) -> TagMap:
    tags = TagMap()
    tags.insert("method", METHOD)
    tags.insert("route", f"/cart/{number:02}")
    return tags


def _record(recorder: Any, latency: Any, tags: TagMap) -> None:
    measured = recorder.new_measurement_map()
    measured.measure_float_put(latency, LATENCY_MS)
    measured.record(tags)
