"""The producer of midspan's that tells of all of OpenCensus's stats and metrics."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Final

from opencensus.metrics.export.gauge import Registry
from opencensus.stats.measure_to_view_map import MeasureToViewMap
from opencensus.trace import execution_context

from midspan import _trouble
from midspan.bridges.opencensus._stats import _convert, _gauges, _views
from midspan.bridges.opencensus._stats._foreign import Foreign
from midspan.bridges.opencensus._stats._merge import merged
from midspan.bridges.opencensus._stats._sources import Sources, is_plain
from midspan.bridges.opencensus._stats._starts import Starts
from midspan.bridges.opencensus._stats._steady import values_of
from midspan.metrics._seam import binding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from midspan.bridges.opencensus._stats._starts import Round
    from midspan.metrics import Metric

__all__ = ["PRODUCER", "SOURCES", "Producer", "count_descriptors", "gauges_of", "view_datas_of"]


class Producer:
    """Collect from every source that is alive, each once; one that fails is counted and harms no other."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._starts = Starts()
        self._foreign: dict[int, Foreign] = {}

    def produce(self) -> list[Metric]:
        """Return all metrics as they are now, without a resource: the pipeline's is theirs."""
        was_exporting = execution_context.is_exporter()
        # Integrations of OpenCensus's look here, and leave what a producer asks for untraced.
        execution_context.set_is_exporter(True)
        try:
            return self._produced()
        finally:
            execution_context.set_is_exporter(was_exporting)

    def _produced(self) -> list[Metric]:
        now_ns, asked = time.time_ns(), self._starts.begin()
        views = [each for source in self._sources.of_type(MeasureToViewMap) for each in view_datas_of(source)]
        gauges = {
            id(each): each
            for source in self._sources.of_type(Registry)
            if is_plain(source)
            for each in gauges_of(source)
        }.values()
        found = [_guarded(_views.metric, view_data, now_ns, asked) for view_data in views]
        found += [_guarded(_gauge, gauge, now_ns, asked) for gauge in gauges]
        asked.end()

        def told() -> set[int]:
            ours = [view_data.view._metric_descriptor for view_data in views]
            return {id(each) for each in ours if each is not None} | {id(each.descriptor) for each in gauges}

        # Asked last: a producer may wrap a registry, whose gauges have been told of by now.
        return merged([*(metric for metric in found if metric is not None), *self._of_producers(told)])

    def _of_producers(self, told: Callable[[], set[int]]) -> Iterator[Metric]:
        getters = _by_owner(self._sources)
        for gone in self._foreign.keys() - getters.keys():
            self._foreign.pop(gone, None)
        for key, get in getters.items():
            foreign = self._foreign.setdefault(key, Foreign())
            yield from _guarded(foreign.metrics, get, told) or ()

    def after_fork(self) -> None:
        """In the child: what producers tell at first is what the parent told."""
        self._foreign = {key: Foreign(was_inherited=True) for key in _by_owner(self._sources)}


def _by_owner(sources: Sources) -> dict[int, Callable[[], Any]]:
    return {id(getattr(get, "__self__", get)): get for get in sources.getters()}


def view_datas_of(source: Any) -> list[Any]:
    """Return the data of all views of a map."""
    return [each for listed in values_of(source._measure_to_view_data_list_map) for each in list(listed)]


def gauges_of(source: Any) -> list[Any]:
    """Return all gauges and cumulatives of a registry."""
    return values_of(source.gauges)


def count_descriptors() -> set[int]:
    """Return the ids of the descriptors of views that count: OpenCensus's metrics do not say so."""
    maps = list(SOURCES.of_type(MeasureToViewMap))
    stats = sys.modules.get("opencensus.stats.stats")
    if stats is not None:
        maps.append(stats.stats.view_manager.measure_to_view_map)
    views = (view_data.view for source in maps for view_data in view_datas_of(source))
    return {id(view._metric_descriptor) for view in views if _views.is_count(view)}


def _gauge(gauge: Any, now_ns: int, asked: Round) -> Metric | None:
    if _gauges.is_plain(gauge):
        return _gauges.metric(gauge, now_ns)
    return _convert.metric(gauge.get_metric(_views.moment(now_ns)), asked)


def _guarded(function: Callable[..., Any], *args: Any) -> Any:
    try:
        return function(*args)
    except Exception as error:  # noqa: BLE001 - whatever the application has made of its views and gauges
        _trouble.note("opencensus.metric", "a metric of OpenCensus's could not be told", error=error)
        return None


def _join() -> None:
    binding.add_producer(PRODUCER)


# The one global of this bridge's metrics.
SOURCES: Final = Sources(_join)
PRODUCER: Final = Producer(SOURCES)
