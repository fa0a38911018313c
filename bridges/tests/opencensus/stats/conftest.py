"""A pipeline that is asked for its metrics, over OpenCensus's stats as an application uses them."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import pytest
from opencensus.stats import execution_context
from opencensus.stats.measure import MeasureFloat, MeasureInt
from opencensus.stats.stats import _Stats
from opencensus.stats.view import View
from opencensus.tags import TagContext, TagMap

from midspan import context, sdk, testing
from midspan.bridges import opencensus as bridge
from midspan.bridges.opencensus._stats._producer import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from midspan.metrics import Metric


class Shop:
    """An application's measures, and the stats that it records them in."""

    def __init__(self) -> None:
        # As in a thread that nobody has recorded in: OpenCensus then makes a new view map.
        execution_context.clear()
        self.stats: Any = _Stats()
        self.latency = MeasureFloat("latency", "of an order", "ms")
        self.items = MeasureInt("items", "of an order", "{item}")

    def view(
        self, name: str, aggregation: Any, measure: Any = None, columns: tuple[str, ...] = ("k",)
    ) -> Any:
        """Register a view, of the latency unless another measure is named."""
        view = View(name, f"{name} of orders", list(columns), measure or self.latency, aggregation)
        self.stats.view_manager.register_view(view)
        return view

    def record(self, value: float, attachments: dict[str, str] | None = None, /, **tags: str) -> None:
        """Record a latency, or a number of items if it is whole."""
        measured = self.stats.stats_recorder.new_measurement_map()
        if isinstance(value, int):
            measured.measure_int_put(self.items, value)
        else:
            measured.measure_float_put(self.latency, value)
        for key, text in (attachments or {}).items():
            measured.measure_put_attachment(key, text)
        measured.record(tag_map(**tags))


def tag_map(**tags: str) -> TagMap:
    """Return OpenCensus's tags."""
    made = TagMap()
    for key, value in tags.items():
        made.insert(key, value)
    return made


@pytest.fixture(autouse=True)
def reader() -> Iterator[sdk.PullReader]:
    """A reader of the pipeline, over which the bridge is installed; nothing of other tests is left alive."""
    token = context._slot.set(context.EMPTY)
    gc.collect()
    reader = sdk.PullReader()
    exporters = [testing.MemoryExporter()]
    sdk.configure(
        service_name="bridge", exporters=exporters, metric_readers=[reader], strict=True, environment={}
    )
    bridge.install()
    yield reader
    bridge.uninstall()
    sdk.reset()
    execution_context.clear()
    TagContext.clear()
    assert not SOURCES
    context._slot.reset(token)


@pytest.fixture
def metrics(reader: sdk.PullReader) -> Callable[[], dict[str, Metric]]:
    """Collect, and return the metrics by name: no two may have the same."""

    def collect() -> dict[str, Metric]:
        found = reader.collect()
        by_name = {metric.name: metric for metric in found}
        assert len(by_name) == len(found)
        return by_name

    return collect


@pytest.fixture
def point(metrics: Callable[[], dict[str, Metric]]) -> Callable[[str], Any]:
    """Collect, and return the only point of a metric."""

    def only(name: str) -> Any:
        (found,) = metrics()[name].points
        return found

    return only


@pytest.fixture
def shop() -> Shop:
    """An application that is started over the bridge."""
    return Shop()
