"""Add up what several processes have counted, those that have ended among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan import _trouble
from midspan.exporters.prometheus._families import Groups
from midspan.exporters.prometheus._gauges import KEPT, PLACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from midspan.exporters.prometheus._families import Group, Labels
    from midspan.exporters.prometheus._gauges import Gauges
    from midspan.exporters.prometheus._snapshot import Snapshot

__all__ = ["Part", "in_common", "whole"]

_LEVELS: Final = frozenset({"gauge", "up_down"})


class Part(NamedTuple):
    """What is told by one process, and the place that it has; None for what has ended."""

    snapshot: Snapshot
    place: int | None


def whole(parts: Iterable[Part], gauges: Gauges) -> Groups:
    """Return the sums of all parts; levels each after their mode."""
    groups = Groups()
    for part in parts:
        for theirs in part.snapshot.groups:
            group = groups.group(theirs.name, theirs.kind, theirs.unit, theirs.description)
            if group is not None:
                _add(group, theirs, part.place, gauges)
    return groups


def _add(group: Group, theirs: Group, place: int | None, gauges: Gauges) -> None:
    for labels, (form, told) in theirs.points.items():
        point: Any = told
        key, how = labels, group.kind
        if form == "summary":
            # Quantiles of several have no sum; and they are not to come and go with who answers.
            point, how = point._replace(quantiles=()), "summaries"
        elif form in _LEVELS:
            how = gauges.mode(group.name, form)
            if place is None and how not in KEPT:
                continue
            if how == "all":
                key = _placed(labels, place)
        try:
            group.put(key, form, point, how)
        except Exception as error:  # noqa: BLE001 - buckets that contradict their bounds, and the like
            _trouble.report("prometheus.no_point", "a point of %s is lost", group.name, error=error)


def _placed(labels: Labels, place: int | None) -> Labels:
    """Return labels that say whose this is; an attribute of that name is renamed as Prometheus would."""
    own = tuple((f"exported_{name}" if name == PLACE else name, text) for name, text in labels)
    return (*own, (PLACE, str(place)))


def in_common(labels: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the labels that are the same for all: what a process has for itself is not the application's."""
    if not labels:
        return {}
    first, *others = labels
    return {name: text for name, text in first.items() if all(each.get(name) == text for each in others)}
