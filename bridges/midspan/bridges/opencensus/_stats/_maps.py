"""What OpenCensus's view maps do while the bridge is installed. Each function stands in for a method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opencensus.metrics.export.gauge import Registry
from opencensus.metrics.export.metric_producer import MetricProducerManager
from opencensus.stats import metric_utils
from opencensus.stats.measure_to_view_map import MeasureToViewMap
from opencensus.stats.view_data import ViewData

from midspan import _trouble
from midspan.bridges.opencensus._state import STATE
from midspan.bridges.opencensus._stats import _record
from midspan.bridges.opencensus._stats._producer import SOURCES, view_datas_of
from midspan.bridges.opencensus._stats._steady import still

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["METHODS"]


def record(self: Any, tags: Any, measurement_map: Any, timestamp: Any, attachments: Any = None) -> None:
    """Count measured values in every view of their measures."""
    assert all(value >= 0 for value in measurement_map.values())  # noqa: S101 - as OpenCensus refuses them
    for measure, value in measurement_map.items():
        if measure != self._registered_measures.get(measure.name):
            # OpenCensus leaves the rest out as well.
            return
        view_datas = self._measure_to_view_data_list_map.get(measure.name, ())
        for view_data in view_datas:
            view_data.record(context=tags, value=value, timestamp=timestamp, attachments=attachments)
        self.export(view_datas)


def export(self: Any, view_datas: Any) -> None:
    """Hand copies to the exporters that the application registered; where there are none, copy nothing."""
    exporters = self.exporters
    if not exporters or not STATE.tells_legacy:
        return
    copies = [self.copy_and_finalize_view_data(view_data) for view_data in view_datas]
    for exporter in exporters:
        try:
            exporter.export(copies)
        except AttributeError:
            # So OpenCensus lets through what has no such method.
            pass
        except Exception as error:  # noqa: BLE001 - anybody's exporter
            name = type(exporter).__name__
            _trouble.report("opencensus.exporter", "the exporter %s failed", name, error=error)


def copy_and_finalize_view_data(self: Any, view_data: Any) -> Any:  # noqa: ARG001 - a method
    """Return a copy that ends now, and that nobody's recording changes while it is made."""
    twin = still(view_data)
    twin.end()
    return twin


def get_metrics(self: Any, timestamp: Any) -> Iterator[Any]:
    """Yield OpenCensus's metrics, for producers and exporters of its own, though others record meanwhile."""
    for view_data in view_datas_of(self):
        metric = metric_utils.view_data_to_metric(still(view_data), timestamp)
        if metric is not None:
            yield metric


def _seen_when_made(owner: type) -> Callable[..., None]:
    original: Callable[..., None] = owner.__dict__["__init__"]

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        SOURCES.add(self)

    return init


METHODS: Final = (
    (MeasureToViewMap, "__init__", _seen_when_made(MeasureToViewMap)),
    (MeasureToViewMap, "record", record),
    (MeasureToViewMap, "export", export),
    (MeasureToViewMap, "copy_and_finalize_view_data", copy_and_finalize_view_data),
    (MeasureToViewMap, "get_metrics", get_metrics),
    (ViewData, "record", _record.record),
    (Registry, "__init__", _seen_when_made(Registry)),
    (MetricProducerManager, "__init__", _seen_when_made(MetricProducerManager)),
)
