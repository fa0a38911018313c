"""Sort collected metrics into families of samples, as Prometheus knows them: one name, one type, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from midspan import _trouble
from midspan.exporters._metric_fields import mended_metric
from midspan.exporters.prometheus._labels import labels_of, scope_labels
from midspan.exporters.prometheus._merging import merged
from midspan.exporters.prometheus._names import metric_name, unit_word
from midspan.exporters.prometheus._points import Line, lines_of
from midspan.metrics import MetricKind, Temporality

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from midspan.metrics import Metric, Point

__all__ = ["Family", "Group", "Groups", "Labels", "Series", "families_of", "groups_of", "resource_labels"]

# What a family's samples may be called, each after its type (OpenMetrics, "Suffixes").
_SUFFIXES: Final = {
    "counter": ("", "_total", "_created"),
    "gauge": ("",),
    "histogram": ("", "_bucket", "_count", "_sum", "_created"),
    "summary": ("", "_count", "_sum", "_created"),
}
# What tells series apart: pairs of name and value.
Labels: TypeAlias = "tuple[tuple[str, str], ...]"
_OWN_LABEL: Final = {"histogram": ("le",), "summary": ("quantile",)}


class Series(NamedTuple):
    """The samples of one set of labels."""

    labels: Mapping[str, str]
    lines: Sequence[Line]
    # Nanoseconds since the epoch.
    time_ns: int


class Family(NamedTuple):
    """All series of one name; `kind` is "counter", "gauge", "histogram" or "summary"."""

    name: str
    kind: str
    unit: str
    description: str
    series: Sequence[Series]


class Group:
    """What becomes a family: points by their labels, as they come."""

    def __init__(self, name: str, kind: str, unit: str, description: str) -> None:
        self.name = name
        self.kind = kind
        self.unit = unit
        self.description = description
        # The form is what a point is, where a kind has several: a key of `lines_of`.
        self.points: dict[Labels, tuple[str, Point]] = {}

    def add(self, metric: Metric, *, with_scope: bool) -> None:
        """Take the points of a metric, adding up those that have the same labels."""
        more = scope_labels(metric.scope) if with_scope else {}
        reserved = _OWN_LABEL.get(self.kind, ())
        form = _form(metric, self.kind)
        for point in metric.points:
            labels = tuple((labels_of(point.attributes, reserved) | more).items())
            self.put(labels, form, point, self.kind)

    def put(self, labels: Labels, form: str, point: Point, how: str) -> None:
        """Take a point; `how` says what becomes of two that have the same labels (see `merged`)."""
        known = self.points.get(labels)
        both = point if known is None else merged(known[1], point, how) if known[0] == form else None
        if both is None:
            _trouble.report("prometheus.same_labels", "two series of %s have the same labels", self.name)
        else:
            self.points[labels] = form, both

    def family(self) -> Family:
        """Return the family; a point that cannot be shown is left out, counted."""
        series = []
        for labels, (form, point) in self.points.items():
            try:
                series.append(Series(dict(labels), lines_of(point, form), point.time_ns))
            except Exception as error:  # noqa: BLE001 - a foreign source may have made it of anything
                _trouble.report("prometheus.no_point", "a point of %s is lost", self.name, error=error)
        return Family(self.name, self.kind, self.unit, self.description, series)


class Groups:
    """Groups by their names, each name once: the first to come has it."""

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}
        self._owners: dict[str, str] = {"target": "target", "target_info": "target"}

    def __iter__(self) -> Iterator[Group]:
        return iter(self._groups.values())

    def group(self, name: str, kind: str, unit: str, description: str) -> Group | None:
        """Return the group of a name; None, counted, if the name is taken by one of another type or unit."""
        group = self._groups.get(name)
        if group is None:
            samples = [name + suffix for suffix in _SUFFIXES[kind]]
            if any(sample in self._owners for sample in samples):
                _trouble.report("prometheus.same_name", "%s is left out: its name is taken", name)
                return None
            self._owners.update(dict.fromkeys(samples, name))
            group = self._groups[name] = Group(name, kind, unit, description)
        if (group.kind, group.unit) != (kind, unit):
            _trouble.report(
                "prometheus.same_name", "%s is left out: the name is a %s already", name, group.kind
            )
            return None
        return group


def families_of(metrics: Iterable[Metric], *, with_scope: bool = True) -> list[Family]:
    """Return the families for metrics, each name once: the first to come has it.

    Delta metrics, and those whose name is taken by one of another type, are left out and counted.
    """
    return [group.family() for group in groups_of(metrics, with_scope=with_scope)]


def groups_of(metrics: Iterable[Metric], *, with_scope: bool = True) -> Groups:
    """Return what becomes families: the same, while points can still be added to others."""
    groups = Groups()
    for metric in metrics:
        try:
            _add(_sound(metric), groups, with_scope=with_scope)
        except Exception as error:  # noqa: BLE001 - as for points
            _trouble.report("prometheus.no_metric", "a metric cannot be shown to Prometheus", error=error)
    return groups


def _sound(metric: Metric) -> Metric:
    """Return a metric whose names and attributes can be relied upon: ours as they are."""
    is_ours = isinstance(metric.name, str) and isinstance(metric.kind, MetricKind)
    return metric if is_ours and metric.scope is not None else mended_metric(metric)


def _add(metric: Metric, groups: Groups, *, with_scope: bool) -> None:
    kind = _kind(metric)
    if metric.temporality is Temporality.DELTA and kind not in {"gauge", "summary"}:
        _trouble.report("prometheus.delta", "%s tells of changes: Prometheus takes totals", metric.name)
        return
    unit = unit_word(metric.unit or "", is_gauge=metric.kind is MetricKind.GAUGE)
    name = metric_name(metric.name, unit, is_counter=kind == "counter")
    group = groups.group(name, kind, unit, metric.description or "")
    if group is not None:
        group.add(metric, with_scope=with_scope)


def _kind(metric: Metric) -> str:
    if metric.kind is MetricKind.SUM:
        return "counter" if metric.is_monotonic else "gauge"
    return "histogram" if metric.kind is MetricKind.EXPONENTIAL_HISTOGRAM else metric.kind.value


def _form(metric: Metric, kind: str) -> str:
    if kind == "gauge" and metric.kind is MetricKind.SUM:
        return "up_down"
    return metric.kind.value if kind == "histogram" else kind


def resource_labels(resource: Any) -> dict[str, str]:  # noqa: ANN401 - a Resource, or None
    """Return the labels of `target_info`."""
    return labels_of(getattr(resource, "attributes", None) or {})
