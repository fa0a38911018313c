"""What this process tells of itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from midspan.exporters.prometheus._archive import this_run
from midspan.exporters.prometheus._families import groups_of, resource_labels
from midspan.exporters.prometheus._snapshot import Snapshot
from midspan.trace import suppressed

if TYPE_CHECKING:
    from midspan.exporters.prometheus._collector import Source
    from midspan.exporters.prometheus._families import Groups

__all__ = ["Own", "about_of"]

# What tells processes apart would come and go with them.
_OF_A_PROCESS: Final = frozenset({"process_parent_pid", "process_pid", "service_instance_id"})


class Own:
    """One life of a process: a forked child has another."""

    def __init__(self, *, scope_labels: bool) -> None:
        self.run = this_run()
        self._life = os.urandom(16).hex()
        self._scope_labels = scope_labels
        self._last: Snapshot | None = None

    def snapshot(self, source: Source) -> Snapshot:
        """Return what was counted until now; one call at a time."""
        # What a callback of the application requests while it is observed is no request of a user's.
        with suppressed():
            metrics = source.collect()
        last = self._last
        if not metrics and last is not None:
            # A callback hangs: what was counted has not become less.
            return last
        groups = groups_of(metrics, with_scope=self._scope_labels)
        if last is not None:
            _date_levels(groups, last.groups)
        self._last = Snapshot(self._life, self.run, about_of(source), groups)
        return self._last


def about_of(source: Source | None) -> dict[str, str]:
    """Return what there is to say of the application, of which this process is one of several."""
    labels = resource_labels(getattr(source, "resource", None))
    return {name: text for name, text in labels.items() if name not in _OF_A_PROCESS}


def _date_levels(groups: Groups, before: Groups) -> None:
    """Date each level by when it changed, as far as that was seen: a point has the time of its collection."""
    earlier = {group.name: group.points for group in before}
    for group in groups:
        known = earlier.get(group.name)
        if group.kind != "gauge" or known is None:
            continue
        for labels, (form, point) in group.points.items():
            now: Any = point
            then: Any = known[labels][1] if labels in known else None
            if then is not None and then.value == now.value:
                group.points[labels] = form, now._replace(time_ns=then.time_ns)
