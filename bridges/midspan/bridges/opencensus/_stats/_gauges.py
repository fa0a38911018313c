"""Tell of OpenCensus's gauges and cumulatives, derived ones too: from their points, as they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opencensus.metrics.export.gauge import BaseGauge, GaugePointDouble, GaugePointLong

from midspan import _trouble
from midspan.bridges.opencensus._stats import _convert
from midspan.bridges.opencensus._stats._since import BEFORE, SINCE_NS, since
from midspan.bridges.opencensus._stats._steady import items_of
from midspan.metrics import Metric, MetricKind, NumberPoint

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["INHERITED", "UNASKED", "is_plain", "labels_of", "metric"]

# In a forked child, of a derived cumulative: what its function says first is where the child's count begins.
UNASKED: Final = object()


class _InheritedLong(GaugePointLong):  # type: ignore[misc]  # it has no types
    """In a forked child, a value that its parent set: told once the child sets it."""

    def add(self, val: Any) -> None:
        """Become an ordinary one."""
        self.__class__ = GaugePointLong
        self.add(val)

    def _set(self, val: Any) -> None:
        self.__class__ = GaugePointLong
        self._set(val)


class _InheritedDouble(GaugePointDouble):  # type: ignore[misc]  # as above
    """The same for a value that need not be whole."""

    def add(self, val: Any) -> None:
        """Become an ordinary one."""
        self.__class__ = GaugePointDouble
        self.add(val)

    def _set(self, val: Any) -> None:
        self.__class__ = GaugePointDouble
        self._set(val)


# What stands in for which class.
INHERITED: Final = {GaugePointLong: _InheritedLong, GaugePointDouble: _InheritedDouble}
_UNTOLD: Final = frozenset(INHERITED.values())


def is_plain(gauge: Any) -> bool:
    """Say whether a gauge is told by OpenCensus's own code, so that its points can be read instead."""
    return getattr(type(gauge), "get_metric", None) is BaseGauge.get_metric


def metric(gauge: Any, now_ns: int) -> Metric | None:
    """Return the native metric for a gauge or a cumulative; None if it has no value."""
    points = list(_points(gauge, now_ns))
    if not points:
        return None
    descriptor = gauge.descriptor
    kind = _convert.KINDS[descriptor.type]
    return Metric(
        _convert.text(descriptor.name),
        _convert.text(descriptor.unit),
        _convert.text(descriptor.description),
        _convert.SCOPE,
        None,  # OpenCensus knows none of its own.
        kind,
        points,
        is_monotonic=kind is MetricKind.SUM,
    )


def labels_of(gauge: Any, values: Any) -> dict[str, Any]:
    """Return the attributes for label values; those of the default series are all missing."""
    keys = (label.key for label in gauge.descriptor.label_keys)
    return _convert.attributes(keys, (getattr(value, "value", None) for value in values))


def _points(gauge: Any, now_ns: int) -> Iterator[NumberPoint]:
    is_long = gauge.descriptor.type in _convert.LONGS
    for values, point in items_of(gauge.points):
        if type(point) in _UNTOLD:
            continue
        try:
            # The function of a derived one is called here.
            given = point.to_point_value()
            value = None if given is None else _convert.number(given.value, is_long)
        except Exception as error:  # noqa: BLE001 - the application's function
            name = gauge.descriptor.name
            _trouble.note("opencensus.gauge", "a value of %s cannot be had", name, error=error)
            continue
        if value is not None:
            told = NumberPoint(labels_of(gauge, values), _start_ns(point, now_ns), now_ns, value)
            yield from _since_fork(point, told)


def _start_ns(point: Any, now_ns: int) -> int:
    start_ns: int = point.__dict__.setdefault(SINCE_NS, now_ns)
    return start_ns


def _since_fork(point: Any, told: NumberPoint) -> Iterator[NumberPoint]:
    before = point.__dict__.get(BEFORE)
    if before is UNASKED:
        point.__dict__[BEFORE] = told
        return
    counted = since(told, before)
    if isinstance(counted, NumberPoint):
        yield counted
