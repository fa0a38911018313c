"""Feed the pipeline with OpenCensus's metrics without patching anything: an exporter of OpenCensus's."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opencensus.metrics.export.gauge import Registry
from opencensus.stats import base_exporter
from opencensus.stats.measure_to_view_map import MeasureToViewMap
from opencensus.trace import execution_context

from midspan import _trouble
from midspan.bridges.opencensus._state import STATE
from midspan.bridges.opencensus._stats import _convert, _views
from midspan.bridges.opencensus._stats._producer import (
    SOURCES,
    count_descriptors,
    gauges_of,
    view_datas_of,
)
from midspan.bridges.opencensus._stats._starts import Starts
from midspan.bridges.opencensus._stats._steady import items_of
from midspan.metrics._seam import binding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from midspan.bridges.opencensus._stats._starts import Round
    from midspan.metrics import Metric

__all__ = ["MetricsExporter"]

_MOST: Final = 2_000


class _Latest(NamedTuple):
    """What was told last of one metric."""

    starts: Starts
    read: Callable[[], Metric | None]
    # Whether a thread of OpenCensus's, which goes from a producer to its exporter, brought it.
    by_thread: bool


class MetricsExporter(base_exporter.StatsExporter):  # type: ignore[misc]  # it has no types
    """An exporter for `opencensus.metrics.transport.get_exporter_thread`, whose metrics join the pipeline's.

    For who wants to edit one line and have nothing patched. OpenCensus pushes at its interval and midspan's
    readers ask at theirs, so the exporter keeps the latest of each metric, of 2,000 names at most, and every
    pipeline asks it until it is closed. Beside the bridge, it tells nothing that that one tells.

    >>> from opencensus.metrics import transport
    >>> from opencensus.stats.stats import stats
    >>> from midspan.bridges import opencensus as bridge
    >>> exporter = bridge.MetricsExporter()
    >>> thread = transport.get_exporter_thread([stats], exporter, interval=10)
    >>> thread.close()
    >>> exporter.close()
    """

    def __init__(self) -> None:
        """Join every pipeline, the one in force and those to come."""
        self._begin()
        binding.add_producer(self)

    def _begin(self) -> None:
        self._latest: dict[str, _Latest] = {}
        self._process = os.getpid()

    def close(self) -> None:
        """Tell nothing any more."""
        binding.remove_producer(self)
        self._latest.clear()

    def export_metrics(self, metrics: Iterable[Any]) -> None:
        """Take what OpenCensus's producers tell now, in place of what they told before."""
        # A view's descriptor is made when it is asked for, so all must be there before those of counts are.
        told = [given for given in metrics if given is not None]
        counts = count_descriptors() if told else set()
        for given in told:
            descriptor = getattr(given, "descriptor", None)
            make = partial(_convert.metric, given, is_count=id(descriptor) in counts)
            self._keep(getattr(descriptor, "name", None), make, is_lazy=False)

    def export(self, view_datas: Iterable[Any]) -> None:
        """Take the data of views: `view_manager.register_exporter` wants this, and calls it at each record.

        OpenCensus copies all rows of the view each time; a thread that exports metrics is much cheaper.
        """
        now_ns = time.time_ns()
        for data in view_datas:
            make = partial(_views.metric, data, now_ns)
            self._keep(getattr(getattr(data, "view", None), "name", None), make, is_lazy=True)

    emit = export

    def on_register_view(self, view: Any) -> None:
        """Need not know of views before they have data."""

    def produce(self) -> list[Metric]:
        """Return the latest of each metric, without a resource: the pipeline's is theirs."""
        if self._process != os.getpid():
            # A forked child tells nothing that its parent tells.
            self._begin()
        latest = items_of(self._latest)
        if STATE.is_installed:
            told = _told()
            latest = [(name, each) for name, each in latest if not each.by_thread and name not in told]
        return [metric for metric in (each.read() for _, each in latest) if metric is not None]

    def _keep(self, name: Any, make: Callable[[Round], Metric | None], *, is_lazy: bool) -> None:
        name = _convert.text(name)
        known = self._latest.get(name)
        if known is None and len(self._latest) >= _MOST:
            _trouble.report("opencensus.metrics", "there are more than 2,000 metrics: %s was dropped", name)
            return
        starts = Starts() if known is None else known.starts
        read = partial(_made, starts, make)
        if not is_lazy:
            metric = read()
            read = partial(_itself, metric)
        self._latest[name] = _Latest(starts, read, execution_context.is_exporter())


def _made(starts: Starts, make: Callable[[Round], Metric | None]) -> Metric | None:
    asked = starts.begin()
    try:
        metric = make(asked)
    except Exception as error:  # noqa: BLE001 - whatever the application has made of its views
        _trouble.note("opencensus.metric", "a metric of OpenCensus's could not be told", error=error)
        return None
    asked.end()
    return metric


def _itself(metric: Metric | None) -> Metric | None:
    return metric


def _told() -> set[str]:
    """Return the names of what the bridge finds by itself."""
    views = (data.view.name for source in SOURCES.of_type(MeasureToViewMap) for data in view_datas_of(source))
    gauges = (each.descriptor.name for source in SOURCES.of_type(Registry) for each in gauges_of(source))
    return {_convert.text(name) for name in (*views, *gauges)}
