"""In a forked child, take down what the parent had counted: the parent tells that, the child what follows.

OpenCensus's own readback in the child goes on from the parent's counts, as it does without midspan.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from opencensus.metrics.export.gauge import DerivedGaugePoint, Registry
from opencensus.metrics.export.metric_producer import MetricProducerManager
from opencensus.stats.aggregation_data import LastValueAggregationData
from opencensus.stats.measure_to_view_map import MeasureToViewMap

from midspan import _trouble
from midspan.bridges.opencensus._stats import _convert, _gauges, _views
from midspan.bridges.opencensus._stats._producer import PRODUCER, SOURCES, gauges_of, view_datas_of
from midspan.bridges.opencensus._stats._since import BEFORE, SINCE_NS
from midspan.bridges.opencensus._stats._steady import values_of
from midspan.metrics import MetricKind, NumberPoint

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["after_in_child"]


def after_in_child() -> None:
    """Begin every count anew, for midspan; call no code of the application."""
    if not SOURCES:
        return
    now_ns = time.time_ns()
    for source in SOURCES.of_type(MeasureToViewMap):
        for view_data in view_datas_of(source):
            _try(_begin_view, view_data, now_ns)
    for source in SOURCES.of_type(Registry):
        _renew(source, "_gauges_lock")
        for gauge in gauges_of(source):
            _try(_begin_gauge, gauge, now_ns)
    for source in SOURCES.of_type(MetricProducerManager):
        _renew(source, "mp_lock")
    _try(PRODUCER.after_fork)


def _begin_view(view_data: Any, now_ns: int) -> None:
    view_data.__dict__[SINCE_NS] = now_ns
    view = view_data.view
    _renew(view, "_md_cache_lock")
    is_long = view.aggregation.get_metric_type(view.measure) in _convert.LONGS
    for data in values_of(view_data._tag_value_aggregation_data_map):
        if type(data) is LastValueAggregationData:
            data.__class__ = _views.InheritedLastValue
        else:
            data.__dict__[BEFORE] = _views.point_of(data, ({}, now_ns, now_ns), is_long=is_long)


def _begin_gauge(gauge: Any, now_ns: int) -> None:
    _renew(gauge, "_points_lock")
    is_counting = _convert.KINDS.get(gauge.descriptor.type) is MetricKind.SUM
    for point in values_of(gauge.points):
        _renew(point, "_value_lock")
        _renew(getattr(point, "gauge_point", None), "_value_lock")
        point.__dict__[SINCE_NS] = now_ns
        if not is_counting:
            point.__class__ = _gauges.INHERITED.get(type(point), type(point))
        elif type(point) is DerivedGaugePoint:
            # Its function is not called here: a thread that is no more may hold what it waits for.
            point.__dict__[BEFORE] = _gauges.UNASKED
        else:
            point.__dict__[BEFORE] = NumberPoint({}, now_ns, now_ns, point.value)


def _renew(owner: Any, name: str) -> None:
    """Open a lock that a thread of the parent may have held: OpenCensus itself would wait for it for ever."""
    if name in getattr(owner, "__dict__", ()):
        owner.__dict__[name] = threading.Lock()


def _try(begin: Callable[..., None], *args: Any) -> None:
    try:
        begin(*args)
    except Exception as error:  # noqa: BLE001 - whatever the application has made of it
        _trouble.note("opencensus.fork", "what was counted before a fork may be told again", error=error)
