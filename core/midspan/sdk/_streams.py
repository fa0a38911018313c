"""Streams: one instrument's series under one view, and what each reader has already seen of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan import _trouble
from midspan.metrics import Metric, Temporality
from midspan.sdk._attributes import cleaned, key_of
from midspan.sdk.aggregation._frames import Entry, Frame, extremes_for
from midspan.sdk.aggregation._protocol import Moment
from midspan.sdk.aggregation._registry import points_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from midspan.metrics import Instrument, Point
    from midspan.sdk._offers import Offers
    from midspan.sdk.aggregation._protocol import Aggregation, Extremes, Series
    from midspan.sdk.views import View

__all__ = ["DEFAULT_LIMIT", "Collection", "ReaderState", "Stream"]

# OpenTelemetry specification, "Cardinality limits".
DEFAULT_LIMIT: Final = 2000
_OVERFLOW: Final[dict[str, Any]] = {"otel.metric.overflow": True}
_OVERFLOW_KEY: Final = key_of(_OVERFLOW)


class ReaderState:
    """What one reader wants, and what it has already been told."""

    def __init__(
        self, name: str, temporality: Callable[[str], Temporality], wish: object, *, takes_account: bool
    ) -> None:
        """Take a name, a function from a kind of instrument to its temporality, what histograms shall be.

        A reader that `takes_account` is told how the pipeline fares, whenever there is something to tell.
        """
        self.name = name
        self.temporality = temporality
        self.wish = wish
        self.takes_account = takes_account
        self.told: dict[Series, Any] = {}
        self.extremes: dict[Series, Extremes] = {}
        self.collected_ns: dict[Stream, int] = {}

    def begin_anew(self) -> None:
        """Forget everything: this is another process now."""
        self.told.clear()
        self.extremes.clear()
        self.collected_ns.clear()

    def forget(self, gone: Iterable[Series]) -> None:
        """Forget series that are no more."""
        for series in gone:
            self.told.pop(series, None)
            self.extremes.pop(series, None)


class Collection(NamedTuple):
    """One collection: for whom, who else listens, and when (nanoseconds since the epoch)."""

    reader: ReaderState
    readers: Sequence[ReaderState]
    resource: Any
    now_ns: int


class Stream:
    """The series of one instrument under one view, for all readers or for those of one wish."""

    def __init__(
        self,
        instrument: Instrument,
        aggregation: Aggregation,
        view: View | None,
        offers: Offers,
        start_ns: int,
    ) -> None:
        self.instrument = instrument
        # What histograms are to be for the readers that it serves; None: it serves all.
        self.wish: Any = None
        self.name = (view and view.rename) or instrument.name
        described = None if view is None else view.description
        self.description = instrument.description if described is None else described
        self.aggregation = aggregation
        self._points = points_of(aggregation) or self._points_of_each
        self._extremes_of = getattr(aggregation, "extremes_of", None)
        self._view = view if view is not None and view.filters else None
        self._offers = offers
        self.limit = (view and view.cardinality_limit) or DEFAULT_LIMIT
        self._start_ns = start_ns
        self._entries: dict[Any, Entry] = {}
        # While callbacks are asked: the series of the last time.
        self._before: dict[Any, Entry] = {}

    def serves(self, reader: ReaderState) -> bool:
        """Say whether this is what a reader is to be told."""
        return self.wish is None or self.wish == reader.wish

    def updater(self, attributes: Mapping[str, Any]) -> tuple[Callable[[Any], object], bool]:
        """Find or make a series, and return what it takes measurements by.

        False with it says that it is the series for all that do not fit.
        """
        taken: Mapping[str, Any] = {}
        if self._view is not None:
            attributes, taken = self._view.divided(attributes)
        entry, fits = self._entry_of(attributes)
        return self._offers.updater(entry, taken), fits

    def _entry_of(self, attributes: Mapping[str, Any]) -> tuple[Entry, bool]:
        key = key_of(attributes)
        found = self._entries.get(key)
        if found is not None:
            return found, True
        if len(self._entries) < self.limit - 1:
            return self._made(key, attributes), True
        _trouble.report("metrics.cardinality", "%s has reached its limit of %s series", self.name, self.limit)
        return self._entries.get(_OVERFLOW_KEY) or self._made(_OVERFLOW_KEY, _OVERFLOW), False

    def _made(self, key: Any, attributes: Mapping[str, Any]) -> Entry:  # noqa: ANN401 - any hashable
        made = self._restarted(key)
        if made is None:
            series = self.aggregation.series(self.instrument)
            made = Entry(series, attributes, self._offers.place(series))
        # Two threads that meet here get the one that came first.
        return self._entries.setdefault(key, made)

    def _restarted(self, key: Any) -> Entry | None:  # noqa: ANN401 - any hashable
        """Return what an observed series was at the last collection, begun anew: readers know it."""
        known = self._before.get(key)
        restart = getattr(known and known.series, "restart", None)
        if restart is None:
            return None
        restart()
        return known

    def all_series(self) -> list[Series]:
        """Return every series there is."""
        return [entry.series for entry in self._all()]

    def _all(self) -> list[Entry]:
        # A list, which is filled at once: a finaliser may add a series at any allocation.
        return list(self._entries.values())

    def observe(self) -> list[Series]:
        """Ask the instrument's callbacks; return the series that they do not mention any more."""
        self._before, self._entries = self._entries, {}
        for observation in self.instrument.observe():  # type: ignore[attr-defined]  # observable ones have it
            try:
                self.updater(cleaned(observation.attributes))[0](observation.value)
            except Exception as error:  # noqa: BLE001 - one that is odd is not to cost the others
                _trouble.note("metrics.observation", "an observation of %s", self.name, error=error)
        gone = [entry.series for key, entry in self._before.items() if key not in self._entries]
        self._before = {}
        return gone

    def collect(self, collection: Collection) -> Metric | None:
        """Return what there is to tell a reader; None if there is nothing."""
        kind = self.aggregation.kind
        if kind is None:
            return None
        instrument, reader = self.instrument, collection.reader
        temporality = reader.temporality(instrument.kind)
        frame = self._frame(collection, is_delta=temporality is Temporality.DELTA)
        reader.collected_ns[self] = collection.now_ns
        told = self._points(self._all(), frame)
        if not told:
            return None
        return Metric(
            self.name,
            instrument.unit,
            self.description,
            instrument.scope,
            collection.resource,
            kind,
            told,
            temporality,
            instrument.is_monotonic,
        )

    def _frame(self, collection: Collection, *, is_delta: bool) -> Frame:
        reader, now_ns = collection.reader, collection.now_ns
        others = (other for other in collection.readers if other is not reader and self.serves(other))
        extremes = [reader.extremes, *(other.extremes for other in others)]
        if not is_delta:
            return Frame(self._start_ns, now_ns, 0, None, extremes)
        since_ns = reader.collected_ns.get(self, self._start_ns)
        return Frame(since_ns, now_ns, since_ns, reader.told, extremes)

    def _points_of_each(self, entries: Iterable[Entry], frame: Frame) -> list[Point]:
        """Ask the aggregation for a point of each series."""
        points = [self._point(entry, frame) for entry in entries]
        return [point for point in points if point is not None]

    def _point(self, entry: Entry, frame: Frame) -> Point | None:
        series = entry.series
        snapshot = series.snapshot()
        if snapshot is None:
            return None
        extremes = earlier = None
        if self._extremes_of is not None:
            extremes = extremes_for(frame, series, *self._extremes_of(snapshot))
        if frame.told is not None:
            earlier = frame.told.get(series)
            frame.told[series] = snapshot
        exemplars = entry.exemplars.collect(frame.since_ns) if entry.exemplars.kept else ()
        moment = Moment(entry.attributes, frame.start_ns, frame.now_ns, exemplars, extremes)
        return self.aggregation.point(snapshot, earlier, moment)
