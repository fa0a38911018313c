"""Tell of OpenCensus's views: from its own counts, as they are at this moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opencensus.stats import metric_utils
from opencensus.stats.aggregation import CountAggregation
from opencensus.stats.aggregation_data import (
    CountAggregationData,
    DistributionAggregationData,
    LastValueAggregationData,
    SumAggregationData,
)

from midspan import _trouble
from midspan.bridges.opencensus import _convert as _common
from midspan.bridges.opencensus._stats import _convert
from midspan.bridges.opencensus._stats._record import KEPT
from midspan.bridges.opencensus._stats._since import BEFORE, SINCE_NS, since
from midspan.bridges.opencensus._stats._steady import distribution, items_of, still
from midspan.metrics import HistogramPoint, Metric, MetricKind, NumberPoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from typing import TypeAlias

    from midspan.bridges.opencensus._stats._starts import Round
    from midspan.metrics import Exemplar, Point

    # Attributes, start and time.
    Place: TypeAlias = tuple[dict[str, Any], int, int]

__all__ = ["InheritedLastValue", "is_count", "metric", "moment", "point_of", "start_ns_of"]


class InheritedLastValue(LastValueAggregationData):  # type: ignore[misc]  # it has no types
    """In a forked child, a last value that its parent recorded: told once the child records one."""

    def add_sample(self, value: Any, timestamp: Any = None, attachments: Any = None) -> None:
        """Become an ordinary one."""
        self.__class__ = LastValueAggregationData
        self.add_sample(value, timestamp, attachments)


def is_count(view: Any) -> bool:
    """Say whether a view counts, so that its unit is not that of its measure."""
    return isinstance(view.aggregation, CountAggregation)


def metric(view_data: Any, now_ns: int, asked: Round) -> Metric | None:
    """Return the native metric for a view's data; None if there is none yet."""
    rows = items_of(view_data._tag_value_aggregation_data_map)
    if not rows:
        return None
    view = view_data.view
    if not all(type(data) in _POINTS for _, data in rows):
        return _of_somebody(view_data, now_ns, asked)
    type_ = view.aggregation.get_metric_type(view.measure)
    points = list(_points(view_data, rows, now_ns, is_long=type_ in _convert.LONGS))
    if not points:
        return None
    kind = _convert.KINDS[type_]
    return Metric(
        _convert.text(view.name),
        _convert.COUNT_UNIT if is_count(view) else _convert.text(view.measure.unit),
        _convert.text(view.description),
        _convert.SCOPE,
        None,  # OpenCensus knows none of its own.
        kind,
        points,
        is_monotonic=kind is MetricKind.SUM,
    )


def _of_somebody(view_data: Any, now_ns: int, asked: Round) -> Metric | None:
    """Take the metric that OpenCensus makes, where the aggregation is the application's own."""
    theirs = metric_utils.view_data_to_metric(still(view_data), moment(now_ns))
    return _convert.metric(theirs, asked)


def moment(now_ns: int) -> datetime:
    """Return a time as OpenCensus has it: in UTC, and not saying so."""
    return _common.moment(now_ns).replace(tzinfo=None)


def start_ns_of(view_data: Any, now_ns: int) -> int:
    """Return since when a view counts: since it was made, in a forked child since the fork."""
    start_ns: int | None = view_data.__dict__.get(SINCE_NS)
    if start_ns is None:
        # Reading a time from text is the slowest thing here, so it is done once.
        start_ns = view_data.__dict__[SINCE_NS] = _common.to_ns(view_data.start_time) or now_ns
    return start_ns


def _points(view_data: Any, rows: list[tuple[Any, Any]], now_ns: int, *, is_long: bool) -> Iterator[Point]:
    columns = [_convert.text(column) for column in view_data.view.columns]
    start_ns = start_ns_of(view_data, now_ns)
    for tags, data in rows:
        place = (_convert.attributes(columns, tags), start_ns, now_ns)
        try:
            point = point_of(data, place, is_long=is_long)
            told = None if point is None else since(point, data.__dict__.get(BEFORE))
        except Exception as error:  # noqa: BLE001 - whatever was recorded as a number
            _trouble.note("opencensus.point", "a value of OpenCensus's is no number", error=error)
            continue
        if told is not None:
            yield told


def point_of(data: Any, place: Place, *, is_long: bool) -> Point | None:
    """Return the native point for one row of a view; None if this process has recorded nothing there."""
    return _POINTS[type(data)](data, place, is_long)


def _counted(data: Any, place: Place, is_long: bool) -> Point:
    return NumberPoint(*place, _convert.number(data._count_data, is_long))


def _added(data: Any, place: Place, is_long: bool) -> Point:
    return NumberPoint(*place, _convert.number(data._sum_data, is_long))


def _last(data: Any, place: Place, is_long: bool) -> Point:
    return NumberPoint(*place, _convert.number(data._value, is_long))


def _inherited(data: Any, place: Place, is_long: bool) -> None:
    del data, place, is_long


def _distributed(data: Any, place: Place, is_long: bool) -> Point:
    del is_long
    counts, count, mean, _ = distribution(data)
    # OpenCensus knows mean and count, and multiplies them as well.
    return HistogramPoint(
        *place, count, mean * count, tuple(counts), tuple(data._bounds), exemplars=_exemplars(data)
    )


def _exemplars(data: Any) -> tuple[Exemplar, ...]:
    """Return the exemplars kept natively, and those that OpenCensus kept before the bridge was installed."""
    kept = {
        slot: _convert.exemplar(theirs)
        for slot, theirs in items_of(data._exemplars or {})
        if theirs is not None and slot not in data.__dict__.get(KEPT, ())
    }
    kept.update(items_of(data.__dict__.get(KEPT, {})))
    return tuple(kept[slot] for slot in sorted(kept))


_POINTS: Final[dict[type, Callable[[Any, Any, bool], Point | None]]] = {
    CountAggregationData: _counted,
    SumAggregationData: _added,
    LastValueAggregationData: _last,
    InheritedLastValue: _inherited,
    DistributionAggregationData: _distributed,
}
