"""Streams: one instrument's series under one view, and what each reader has already seen of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan import _trouble
from midspan.metrics import Metric, Temporality
from midspan.sdk._attributes import cleaned, key_of
from midspan.sdk.aggregation._numbers import points_of
from midspan.sdk.aggregation._protocol import Extremes, Moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from midspan.metrics import Instrument, Point
    from midspan.sdk._offers import Offers
    from midspan.sdk.aggregation._protocol import Aggregation, Series
    from midspan.sdk.views import View

__all__ = ["DEFAULT_LIMIT", "Collection", "Entry", "Frame", "ReaderState", "Stream"]

# OpenTelemetry specification, "Cardinality limits".
DEFAULT_LIMIT: Final = 2000
_OVERFLOW: Final[dict[str, Any]] = {"otel.metric.overflow": True}
_OVERFLOW_KEY: Final = key_of(_OVERFLOW)


class ReaderState:
    """What one reader wants, and what it has already been told."""

    def __init__(self, name: str, temporality: Callable[[str], Temporality], wish: object) -> None:
        """Take a name, a function from a kind of instrument to its temporality, what histograms shall be."""
        self.name = name
        self.temporality = temporality
        self.wish = wish
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


class Entry(NamedTuple):
    """One series with its attributes and its exemplars."""

    series: Any
    attributes: Mapping[str, Any]
    exemplars: Any


class Frame(NamedTuple):
    """What all points of a collection share; for differences, also what the reader was told before."""

    start_ns: int
    now_ns: int
    # Exemplars are told that were measured after it.
    since_ns: int
    told: dict[Series, Any] | None


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
        self._points_of_all = points_of(aggregation)
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
        return [entry.series for entry in tuple(self._entries.values())]

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
        if temporality is Temporality.DELTA:
            since_ns = reader.collected_ns.get(self, self._start_ns)
            frame = Frame(since_ns, collection.now_ns, since_ns, reader.told)
        else:
            frame = Frame(self._start_ns, collection.now_ns, 0, None)
        reader.collected_ns[self] = collection.now_ns
        entries = tuple(self._entries.values())
        points = self._points_of_all or self._points_of_each(collection)
        told = points(entries, frame)
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

    def _points_of_each(self, collection: Collection) -> Callable[[Iterable[Entry], Frame], list[Point]]:
        """Return what asks the aggregation for a point of each series."""
        reader = collection.reader
        readers = [other for other in collection.readers if self.serves(other)]

        def points(entries: Iterable[Entry], frame: Frame) -> list[Point]:
            told = (self._point(entry, frame, reader, readers) for entry in entries)
            return [point for point in told if point is not None]

        return points

    def _point(
        self, entry: Entry, frame: Frame, reader: ReaderState, readers: Sequence[ReaderState]
    ) -> Point | None:
        series = entry.series
        snapshot = series.snapshot()
        extremes = earlier = None
        if self._extremes_of is not None:
            self._spread_extremes(series, self._extremes_of(snapshot), readers)
            extremes = reader.extremes.get(series)
        if frame.told is not None:
            earlier = frame.told.get(series)
            frame.told[series] = snapshot
            reader.extremes.pop(series, None)
        exemplars = entry.exemplars.collect(frame.since_ns) if entry.exemplars.kept else ()
        moment = Moment(entry.attributes, frame.start_ns, frame.now_ns, exemplars, extremes)
        return self.aggregation.point(snapshot, earlier, moment)

    @staticmethod
    def _spread_extremes(series: Series, new: Extremes, readers: Sequence[ReaderState]) -> None:
        """Keep the extremes for every reader: taking a snapshot takes them away from the series."""
        for reader in readers:
            old = reader.extremes.get(series, new)
            reader.extremes[series] = Extremes(min(old.low, new.low), max(old.high, new.high))
