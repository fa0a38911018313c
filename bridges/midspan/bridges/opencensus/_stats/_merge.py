"""Make one metric of those of one name: threads of OpenCensus's may each have a view map of their own.

A stream of a metric has one writer (OpenTelemetry's data model, "Single-Writer"); Prometheus refuses a second
series of the same labels. So their counts are added up, and of last values the later map's stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midspan import _trouble
from midspan.metrics import HistogramPoint, MetricKind, NumberPoint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from midspan.metrics import Metric, Point

__all__ = ["merged"]


def merged(metrics: Iterable[Metric]) -> list[Metric]:
    """Return the metrics, each name once; one of another kind under a name that is taken stays apart."""
    found: dict[Any, Metric] = {}
    names: dict[str, MetricKind] = {}
    for metric in metrics:
        if names.setdefault(metric.name, metric.kind) is not metric.kind:
            told = "two metrics of different kinds are called %s"
            _trouble.note("opencensus.conflict", told, metric.name)
        key = (metric.name, metric.unit, metric.kind)
        known = found.get(key)
        found[key] = metric if known is None else _both(known, metric)
    return list(found.values())


def _both(first: Metric, second: Metric) -> Metric:
    points: dict[Any, Point] = {_key(point): point for point in first.points}
    for point in second.points:
        key = _key(point)
        known = points.get(key)
        points[key] = point if known is None or first.kind is MetricKind.GAUGE else _sum(known, point)
    return first._replace(points=list(points.values()))


def _key(point: Any) -> Any:
    """Return what tells series apart; histograms of other bounds cannot be added."""
    return (tuple(sorted(point.attributes.items(), key=_by_name)), getattr(point, "bounds", None))


def _by_name(pair: tuple[str, Any]) -> str:
    return pair[0]


def _sum(known: Any, point: Any) -> Point:
    start_ns = min(known.start_ns, point.start_ns)
    if isinstance(point, NumberPoint):
        return known._replace(start_ns=start_ns, value=known.value + point.value)  # type: ignore[no-any-return]
    if isinstance(point, HistogramPoint):
        counts = zip(known.bucket_counts, point.bucket_counts, strict=True)
        return known._replace(  # type: ignore[no-any-return]
            start_ns=start_ns,
            count=known.count + point.count,
            sum=known.sum + (point.sum or 0),
            bucket_counts=tuple(mine + theirs for mine, theirs in counts),
            exemplars=(*known.exemplars, *point.exemplars),
        )
    return point  # type: ignore[no-any-return]
