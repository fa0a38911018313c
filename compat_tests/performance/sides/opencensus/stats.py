"""OpenCensus's stats, by OpenCensus itself, whose own producer is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opencensus.stats.stats import stats

from compat_tests.performance._recording import recording

if TYPE_CHECKING:
    from compat_tests.performance._timed import Timed


def read() -> list[list[Any]]:
    """Ask OpenCensus's producer."""
    return sorted(
        [series.label_values[1].value, value.count, value.sum, [bucket.count for bucket in value.buckets]]
        for metric in stats.get_metrics()
        for series in metric.time_series
        for value in [series.points[0].value]
    )


def opencensus_record() -> Timed:
    """A record in one of twenty tag sets."""
    return recording(20, read)


def opencensus_record_one() -> Timed:
    """A record where there is one tag set."""
    return recording(1, read)
