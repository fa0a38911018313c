"""What there is to tell of: OpenCensus's view maps, registries and producers, each held weakly, each once."""

from __future__ import annotations

import gc
import itertools
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final

from opencensus.metrics.export.gauge import Registry
from opencensus.metrics.export.metric_producer import MetricProducerManager
from opencensus.metrics.transport import PeriodicMetricTask
from opencensus.stats.measure_to_view_map import MeasureToViewMap

from midspan.bridges.opencensus._stats._steady import values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Sources", "given_to", "is_plain"]

_FOUND_BY_TYPE: Final = (MeasureToViewMap, Registry, MetricProducerManager)


class Sources:
    """Everything that was seen and is still alive."""

    def __init__(self, on_first: Callable[[], None]) -> None:
        """Take what to call when there is something to tell of."""
        self._on_first = on_first
        self._objects: dict[int, weakref.ref[Any]] = {}
        # As OpenCensus holds them: by weak references to their methods `get_metrics`.
        self._getters: dict[int, Callable[[], Any]] = {}

    def add(self, source: Any) -> None:
        """Tell of a view map, a registry, or a manager of producers, from now on until it dies."""
        key, objects = id(source), self._objects

        def forget(gone: weakref.ref[Any]) -> None:
            # The id may have another owner by now.
            if objects.get(key) is gone:
                objects.pop(key, None)

        is_first = not self
        objects[key] = weakref.ref(source, forget)
        if is_first:
            self._on_first()

    def add_producer(self, getter: Callable[[], Any]) -> None:
        """Tell of a producer, by a weak reference to its method `get_metrics`."""
        method = getter()
        if method is None:
            return
        owner = getattr(method, "__self__", method)
        known = _known_behind(method, owner)
        if known is not None:
            self.add(known)
            return
        is_first = not self
        self._getters[id(owner)] = getter
        if is_first:
            self._on_first()

    def __bool__(self) -> bool:
        return bool(self._objects or self._getters)

    def of_type(self, wanted: type) -> Iterator[Any]:
        """Return the live ones of a type, those seen first at the front."""
        for reference in values_of(self._objects):
            source = reference()
            if source is not None and isinstance(source, wanted):
                yield source

    def getters(self) -> list[Callable[[], Any]]:
        """Return the live methods `get_metrics` of producers, those in managers too, each once."""
        found: dict[int, Any] = {}
        for key, getter in list(self._getters.items()):
            method = getter()
            if method is None:
                self._getters.pop(key, None)
            else:
                found[key] = method
        for registry in self.of_type(Registry):
            if not is_plain(registry):
                found[id(registry)] = registry.get_metrics
        for manager in self.of_type(MetricProducerManager):
            # Not by `get_all`: its lock may be one that another thread held when this process was forked.
            for producer in tuple(manager.metric_producers):
                if _known_behind(producer.get_metrics, producer) is None:
                    found.setdefault(id(producer), producer.get_metrics)
        return list(found.values())

    def find(self) -> None:
        """Add what was made before anybody looked: the garbage collector and the threads know of it.

        Not found is what `gc.freeze` hid, but for the view map of `stats.stats`.
        """
        stats = sys.modules.get("opencensus.stats.stats")
        if stats is not None:
            self.add(stats.stats.view_manager.measure_to_view_map)
        for found in _of_types(gc.get_objects(), _FOUND_BY_TYPE):
            self.add(found)
        for thread in threading.enumerate():
            if isinstance(thread, PeriodicMetricTask):
                for getter in given_to(thread.__dict__.get("func")):
                    self.add_producer(getter)

    def clear(self) -> None:
        """Forget all."""
        self._objects.clear()
        self._getters.clear()


def _of_types(objects: list[Any], wanted: tuple[type, ...]) -> Iterator[Any]:
    """Pick objects by their types alone: a lazy one would come into being if it were asked for its class.

    A large application has a million: no line of Python runs for each, and no type's own `__hash__`.
    """
    types = dict(zip(map(id, map(type, objects)), map(type, objects), strict=True))
    matching = {key for key, kind in types.items() if issubclass(kind, wanted)}
    return itertools.compress(objects, map(matching.__contains__, map(id, map(type, objects))))


def is_plain(registry: Any) -> bool:
    """Say whether a registry tells of all its gauges, so that these can be read instead."""
    return type(registry).get_metrics is Registry.get_metrics


def _known_behind(method: Any, owner: Any) -> Any:
    """Return the view map or the registry that a producer is, or stands for, if it is one of OpenCensus's."""
    function = getattr(method, "__func__", None)
    if function is Registry.get_metrics:
        return owner
    stats = sys.modules.get("opencensus.stats.stats")
    if stats is not None and function is stats._Stats.get_metrics:
        return owner.view_manager.measure_to_view_map
    return None


def given_to(function: Any, name: str = "weak_gets") -> Any:
    """Return what `get_exporter_thread` closed over: weak references to methods of producers or exporters."""
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None)
    if code is None or not cells or name not in code.co_freevars:
        return ()
    return cells[code.co_freevars.index(name)].cell_contents
