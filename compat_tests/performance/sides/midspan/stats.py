"""OpenCensus's stats over midspan, by its bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compat_tests.performance._recording import recording
from midspan import sdk
from midspan.bridges.opencensus import install

if TYPE_CHECKING:
    from compat_tests.performance._timed import Timed


def _recording(tag_sets: int) -> Timed:
    reader = sdk.PullReader()
    sdk.configure(service_name="shop", exporters=[], metric_readers=[reader])
    install()

    def read() -> list[list[Any]]:
        return sorted(
            [point.attributes["route"], point.count, point.sum, list(point.bucket_counts)]
            for metric in reader.collect()
            for point in metric.points
        )

    return recording(tag_sets, read)


def opencensus_record() -> Timed:
    """A record in one of twenty tag sets."""
    return _recording(20)


def opencensus_record_one() -> Timed:
    """A record where there is one tag set."""
    return _recording(1)
