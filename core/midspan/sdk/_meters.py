"""The metrics engine: it makes room for every instrument, and collects for every reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midspan import _trouble
from midspan._native import allocate_lock
from midspan.metrics._seam import binding
from midspan.sdk._streams import Collection, ReaderState, Store, Stream
from midspan.sdk.aggregation import default_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from midspan.metrics import Instrument, Metric, Temporality
    from midspan.sdk.aggregation import Series
    from midspan.sdk.views import View

__all__ = ["Meters"]


class Meters:
    """All stores of one pipeline."""

    def __init__(
        self,
        resource: Callable[[], Any],
        views: Sequence[View],
        now_ns: Callable[[], int],
        on_instruments: Callable[[], None],
    ) -> None:
        self._resource = resource
        self._views = tuple(views)
        self._now_ns = now_ns
        self.instruments_came = on_instruments
        self._readers: list[ReaderState] = []
        self._producers: list[Any] = []
        self._begin()

    def _begin(self) -> None:
        self._stores: dict[Any, Store] = {}
        self._collecting = allocate_lock()

    def bind(self, instrument: Instrument) -> Store:
        """Make room for an instrument; the same instrument made again finds what it left."""
        store = self._stores.get(instrument.identity)
        if store is None:
            store = self._stores.setdefault(instrument.identity, self._store(instrument))
            self.instruments_came()
        return store

    @property
    def has_instruments(self) -> bool:
        """Whether there is anything to collect."""
        return bool(self._stores or self._producers or binding.producers)

    def _store(self, instrument: Instrument) -> Store:
        start_ns = self._now_ns()
        views: list[View | None] = [view for view in self._views if view.matches(instrument)]
        streams = []
        for view in views or [None]:
            chosen = None if view is None else view.aggregation
            aggregation = chosen or default_for(instrument)
            if aggregation.kind is not None:
                streams.append(Stream(instrument, aggregation, view, start_ns))
        return Store(streams)

    def release(self, instrument: Instrument) -> None:
        """Forget a closed instrument."""
        store = self._stores.pop(instrument.identity, None)
        for stream in store.streams if store is not None else ():
            self._forget(stream.all_series())
            for reader in self._readers:
                reader.collected_ns.pop(stream, None)

    def _forget(self, gone: Iterable[Series]) -> None:
        for reader in self._readers:
            reader.forget(gone)

    def add_reader(self, temporality: Callable[[str], Temporality]) -> ReaderState:
        """Begin to tell one more reader."""
        state = ReaderState(temporality)
        self._readers.append(state)
        return state

    def remove_reader(self, state: ReaderState) -> None:
        """Tell a reader no more."""
        if state in self._readers:
            self._readers.remove(state)

    def add_producer(self, producer: Any) -> None:  # noqa: ANN401 - anything with `produce`
        """Ask a foreign source at each collection."""
        self._producers.append(producer)

    def remove_producer(self, producer: Any) -> None:  # noqa: ANN401 - as above
        """Ask a foreign source no more."""
        if producer in self._producers:
            self._producers.remove(producer)

    def collect(self, state: ReaderState) -> list[Metric]:
        """Return all that there is to tell a reader now: our instruments', then the foreign sources'."""
        collection = Collection(state, tuple(self._readers), self._resource(), self._now_ns())
        with self._collecting:
            metrics = list(self._collected(collection))
        for producer in (*self._producers, *binding.producers):
            try:
                metrics.extend(_produced(producer, collection.resource))
            except Exception as error:  # noqa: BLE001 - a foreign source may fail as it likes
                _trouble.note("metrics.producer", "a source of metrics failed", error=error)
        return metrics

    def _collected(self, collection: Collection) -> Iterable[Metric]:
        for store in tuple(self._stores.values()):
            for stream in store.streams:
                if stream.instrument.is_observable:
                    self._forget(stream.observe())
                metric = stream.collect(collection)
                if metric is not None:
                    yield metric

    def after_fork(self) -> None:
        """In the child: nothing counted yet, and nothing told; every instrument finds a new store."""
        self._begin()
        for state in self._readers:
            state.begin_anew()
        if binding.engine is self:
            binding.install(self)


def _produced(producer: Any, resource: Any) -> Iterable[Metric]:  # noqa: ANN401 - anything with `produce`
    for metric in producer.produce():
        if metric is not None:
            yield metric if metric.resource is not None else metric._replace(resource=resource)
