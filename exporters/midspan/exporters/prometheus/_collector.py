"""Show what a pipeline collects to a registry of prometheus_client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from prometheus_client.core import Exemplar, Metric, Timestamp

from midspan.exporters.prometheus._families import groups_of, resource_labels
from midspan.exporters.prometheus._points import exemplar_labels
from midspan.trace import suppressed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from midspan import metrics
    from midspan.exporters.prometheus._families import Family, Groups
    from midspan.exporters.prometheus._points import Line
    from midspan.exporters.prometheus._shared import Shared

    class Source(Protocol):
        """Where metrics can be asked for at any time."""

        def collect(self) -> Sequence[metrics.Metric]:
            """Return all metrics as they are now."""
            ...


__all__ = ["PipelineCollector"]

_NS: Final = 1_000_000_000


class PipelineCollector:
    """A collector as `prometheus_client.CollectorRegistry.register` takes it."""

    def __init__(
        self, *, scope_labels: bool = True, target_info: bool = True, shared: Shared | None = None
    ) -> None:
        """Say whether series tell their scope, and whether `target_info` tells the resource.

        What is `shared` is asked for the numbers of all processes, in place of the pipeline.
        """
        self.source: Source | None = None
        self._shared = shared
        self._scope_labels = scope_labels
        self._target_info = target_info

    def describe(self) -> list[Metric]:
        """Return no names: what there is to collect is known when it is collected."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield a family for each metric of the pipeline as it is now; none without a pipeline."""
        source = self.source
        if source is None:
            return
        about, groups = self._collected(source) if self._shared is None else self._shared.collect()
        if self._target_info and about:
            yield _target_info(about)
        for group in groups:
            yield _shown(group.family())

    def _collected(self, source: Source) -> tuple[Mapping[str, str], Groups]:
        # What a callback of the application requests while it is observed is no request of a user's.
        with suppressed():
            collected = source.collect()
        about = resource_labels(getattr(collected[0], "resource", None)) if collected else {}
        return about, groups_of(collected, with_scope=self._scope_labels)


def _target_info(labels: Mapping[str, str]) -> Metric:
    info = Metric("target", "What runs: the resource of these metrics", "info")
    info.add_sample("target_info", dict(labels), 1)
    return info


def _shown(family: Family) -> Metric:
    # The library adds a unit to a name that does not end with it.
    unit = family.unit if family.name.endswith(f"_{family.unit}") else ""
    shown = Metric(family.name, family.description, family.kind, unit)
    for series in family.series:
        for line in _allowed(series.lines):
            labels = {**series.labels, **({} if line.extra is None else dict([line.extra]))}
            shown.add_sample(family.name + line.suffix, labels, line.value, exemplar=_exemplar(line))
    return shown


def _allowed(lines: Sequence[Line]) -> list[Line]:
    """Return the lines that OpenMetrics allows.

    The sum of values of which some are negative may shrink, so it is none, and neither is the count that goes
    with it; a histogram's last bucket tells it all the same. The quantile of a summary is not negative.
    """
    name, text = lines[0].extra or ("", "")
    sums = [line.value for line in lines if line.suffix == "_sum"]
    if (name == "le" and text.startswith("-")) or not all(value >= 0 for value in sums):
        lines = [line for line in lines if line.suffix not in {"_sum", "_count"}]
    return [line for line in lines if line.extra is None or line.extra[0] == "le" or line.value >= 0]


def _exemplar(line: Line) -> Exemplar | None:
    if line.exemplar is None:
        return None
    at = Timestamp(*divmod(line.exemplar.timestamp_ns, _NS))
    return Exemplar(exemplar_labels(line.exemplar), line.exemplar.value, at)
