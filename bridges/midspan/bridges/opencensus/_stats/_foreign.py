"""Tell of producers that are not OpenCensus's own: what their `get_metrics` returns, whatever that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midspan import _trouble
from midspan.bridges.opencensus._stats import _convert
from midspan.bridges.opencensus._stats._since import since
from midspan.bridges.opencensus._stats._starts import Starts
from midspan.metrics import MetricKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from midspan.metrics import Metric, Point

__all__ = ["Foreign"]


class Foreign:
    """What is remembered of one producer from one collection to the next."""

    def __init__(self, *, was_inherited: bool = False) -> None:
        """Take whether it came from the process that this one was forked from, which has told of it."""
        self._starts = Starts()
        self._before: dict[Any, Point] = {}
        self._must_learn = was_inherited

    def metrics(self, get: Callable[[], Any], told: Callable[[], set[int]]) -> list[Metric]:
        """Ask once. What has a descriptor that was told of already is left out: `told` gives their ids."""
        given = list(self._asked(get))
        known, asked = told(), self._starts.begin()
        new = (each for each in given if id(getattr(each, "descriptor", None)) not in known)
        found = [_convert.metric(each, asked) for each in new]
        asked.end()
        metrics = [self._since_fork(metric) for metric in found if metric is not None]
        # Only the first collection shows what was there before.
        self._must_learn = False
        return [metric for metric in metrics if metric.points]

    @staticmethod
    def _asked(get: Callable[[], Any]) -> Iterator[Any]:
        """Return what there is, up to where the producer fails: it may be a generator."""
        try:
            yield from get() or ()
        except Exception as error:  # noqa: BLE001 - anybody's code
            _trouble.note("opencensus.producer", "a producer of metrics failed", error=error)

    def _since_fork(self, metric: Metric) -> Metric:
        if metric.kind is MetricKind.GAUGE or not (self._before or self._must_learn):
            return metric
        points = []
        for point in metric.points:
            key = (metric.name, tuple(point.attributes.items()))
            if self._must_learn:
                self._before[key] = point
            counted = since(point, self._before.get(key))
            if counted is not None:
                points.append(counted)
        return metric._replace(points=points)
