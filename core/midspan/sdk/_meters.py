"""The metrics engine: it makes room for every instrument, and collects for every reader."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan._native import allocate_rlock
from midspan.metrics._seam import binding
from midspan.sdk import aggregation
from midspan.sdk._offers import Offers
from midspan.sdk._stores import Store
from midspan.sdk._streams import Collection, ReaderState, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from midspan.metrics import Instrument, Metric
    from midspan.sdk.aggregation import Aggregation, Series
    from midspan.sdk.views import View

__all__ = ["DEFAULT_WISH", "Meters"]

# What histograms become for a reader that says nothing.
DEFAULT_WISH: Final = "explicit_bucket_histogram"
# How long a collection waits for another one to end.
_PATIENCE_S: Final = 30


class Meters:
    """All stores of one pipeline."""

    def __init__(
        self,
        resource: Callable[[], Any],
        views: Sequence[View],
        now_ns: Callable[[], int],
        on_instruments: Callable[[], None],
        exemplars: str,
    ) -> None:
        self._resource = resource
        self._views = tuple(views)
        self._now_ns = now_ns
        self._exemplars = exemplars
        self.instruments_came = on_instruments
        # The pipeline's own account, for those readers that take it along with what else there is.
        self.account: Any = None
        # Told of each collection: by whom it was wanted, and how many seconds it took.
        self.on_collected: Callable[[str, float], None] | None = None
        self._readers: list[ReaderState] = []
        # What readers want histograms to be. One that is new makes streams beside those that there are.
        self._wishes: dict[Any, None] = {}
        self._producers: list[Any] = []
        self._begin()

    def _begin(self) -> None:
        self._stores: dict[Any, Store] = {}
        self._collecting = allocate_rlock()
        self._is_collecting = False

    def bind(self, instrument: Instrument) -> Store:
        """Make room for an instrument; the same instrument made again finds what it left."""
        store = self._stores.get(instrument.identity)
        if store is None:
            made = Store(instrument)
            self._fill(made)
            store = self._stores.setdefault(instrument.identity, made)
            # For a reader that came in the meantime.
            self._fill(store)
            self.instruments_came()
        return store

    @property
    def has_instruments(self) -> bool:
        """Whether there is anything to collect."""
        return bool(self._stores or self._producers or binding.producers)

    @property
    def resource(self) -> Any:  # noqa: ANN401 - a Resource
        """What runs here, as each metric says."""
        return self._resource()

    def _fill(self, store: Store) -> bool:
        """Make the streams that a store lacks; say whether it lacked any."""
        instrument = store.instrument
        views: list[View | None] = [view for view in self._views if view.matches(instrument)]
        is_new = False
        for number, view in enumerate(views or [None]):
            chosen = None if view is None else view.aggregation
            wishes: Iterable[Any] = (None,)
            if chosen is None and instrument.kind == "histogram":
                wishes = tuple(self._wishes) or (DEFAULT_WISH,)
            for wish in wishes:
                make = functools.partial(self._stream, instrument, view, chosen, wish)
                is_new = store.add((number, wish), make) or is_new
        return is_new

    def _stream(
        self, instrument: Instrument, view: View | None, chosen: Aggregation | None, wish: object
    ) -> Stream | None:
        wished = _wished(wish) if wish is not None else aggregation.default_for(instrument)
        made = chosen or wished
        if made.kind is None:
            return None
        # What a callback reports was measured in nobody's span, least of all in that of who collects.
        exemplars = "always_off" if instrument.is_observable else self._exemplars
        stream = Stream(instrument, made, view, Offers(exemplars, view), self._now_ns())
        stream.wish = wish
        return stream

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

    def add_reader(self, state: ReaderState) -> None:
        """Begin to tell one more reader."""
        self._readers.append(state)
        self._wishes[state.wish] = None
        changed = [store for store in list(self._stores.values()) if self._fill(store)]
        if changed and binding.engine is self:
            # What instruments remember leads to the streams of before.
            binding.install(self)

    def remove_reader(self, state: ReaderState) -> None:
        """Tell a reader no more; what only it wished for is counted no more."""
        if state not in self._readers:
            return
        self._readers.remove(state)
        # The default stays, and so does what the last reader wished: another may come.
        if self._readers and state.wish != DEFAULT_WISH and state.wish not in {r.wish for r in self._readers}:
            del self._wishes[state.wish]
            dropped = [stream for store in list(self._stores.values()) for stream in store.drop(state.wish)]
            if dropped and binding.engine is self:
                binding.install(self)

    def add_producer(self, producer: Any) -> None:  # noqa: ANN401 - anything with `produce`
        """Ask a foreign source at each collection."""
        self._producers.append(producer)

    def remove_producer(self, producer: Any) -> None:  # noqa: ANN401 - as above
        """Ask a foreign source no more."""
        if producer in self._producers:
            self._producers.remove(producer)

    def collect(self, state: ReaderState) -> list[Metric]:
        """Return all that there is to tell a reader now: our instruments', then the foreign sources'."""
        before_s = time.perf_counter()
        collection = Collection(state, tuple(self._readers), self._resource(), self._now_ns())
        metrics = self._ours(collection)
        for producer in self._sources(state, metrics):
            try:
                metrics.extend(_produced(producer, collection.resource))
            except Exception as error:  # noqa: BLE001 - a foreign source may fail as it likes
                _trouble.note("metrics.producer", "a source of metrics failed", error=error)
        if self.on_collected is not None:
            self.on_collected(state.name, time.perf_counter() - before_s)
        return metrics

    def _sources(self, state: ReaderState, found: Sequence[Metric]) -> Iterator[Any]:
        yield from (*self._producers, *binding.producers)
        # Asked last, when `found` holds what all others told: alone it is no reason to push.
        if found and state.takes_account and self.account is not None:
            yield self.account

    def _ours(self, collection: Collection) -> list[Metric]:
        if not self._collecting.acquire(timeout=_PATIENCE_S):
            _trouble.note("metrics.stuck", "a callback has not come back for %s seconds", _PATIENCE_S)
            return []
        # The lock lets its own thread in again: a callback that collects, a signal handler, another greenlet.
        is_outermost = not self._is_collecting
        try:
            if is_outermost:
                self._is_collecting = True
                return list(self._collected(collection))
            _trouble.note("metrics.reentered", "a collection was asked for within a collection: it is empty")
            return []
        finally:
            if is_outermost:
                self._is_collecting = False
            self._collecting.release()

    def _collected(self, collection: Collection) -> Iterator[Metric]:
        for store in list(self._stores.values()):
            for stream in store.streams:
                if not stream.serves(collection.reader):
                    continue
                try:
                    if stream.instrument.is_observable:
                        self._forget(stream.observe())
                    metric = stream.collect(collection)
                except Exception as error:  # noqa: BLE001 - an aggregation may be the application's own
                    _trouble.note("metrics.collect", "%s could not be collected", stream.name, error=error)
                    continue
                if metric is not None:
                    yield metric

    def restart(self) -> None:
        """Begin with nothing counted and nothing told: every instrument finds a new store.

        In a forked child, what was counted is the parent's; in a test, the last test's.
        """
        self._begin()
        for state in self._readers:
            state.begin_anew()
        if binding.engine is self:
            binding.install(self)


def _wished(wish: Any) -> Aggregation:  # noqa: ANN401 - a name, or an aggregation
    made: Aggregation = aggregation.by_name(wish) if isinstance(wish, str) else wish
    return made


def _produced(producer: Any, resource: Any) -> Iterator[Metric]:  # noqa: ANN401 - anything with `produce`
    for metric in producer.produce():
        if metric is not None:
            yield metric if metric.resource is not None else metric._replace(resource=resource)
