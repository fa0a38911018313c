"""Streams: one instrument's series under one view, and what each reader has already seen of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan import _trouble
from midspan.metrics import Metric, Temporality
from midspan.sdk.aggregation import Extremes, Moment
from midspan.trace._attributes import clean_attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from midspan.metrics import Exemplar, Instrument, Point
    from midspan.sdk.aggregation import Aggregation, Series
    from midspan.sdk.views import View

__all__ = ["DEFAULT_LIMIT", "Collection", "ReaderState", "Store", "Stream"]

# OpenTelemetry specification, "Cardinality limits".
DEFAULT_LIMIT: Final = 2000
_OVERFLOW: Final[dict[str, Any]] = {"otel.metric.overflow": True}
# How many spellings of attribute sets an instrument remembers for each series that it may have.
_SPELLINGS: Final = 4
_MAX_ATTRIBUTES: Final = 128
_MAX_LENGTH: Final = 65_536


class ReaderState:
    """What one reader wants, and what it has already been told."""

    def __init__(self, temporality: Callable[[str], Temporality]) -> None:
        """Take a function from a kind of instrument to its temporality."""
        self.temporality = temporality
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
    """The series of one instrument under one view."""

    def __init__(
        self, instrument: Instrument, aggregation: Aggregation, view: View | None, start_ns: int
    ) -> None:
        self.instrument = instrument
        self.name = (view and view.rename) or instrument.name
        described = None if view is None else view.description
        self.description = instrument.description if described is None else described
        self.aggregation = aggregation
        self._view = view if view is not None and view.filters else None
        self._limit = (view and view.cardinality_limit) or DEFAULT_LIMIT
        self._start_ns = start_ns
        self._series: dict[Any, tuple[Series, Mapping[str, Any]]] = {}
        # While callbacks are asked: the series of the last time.
        self._before: dict[Any, tuple[Series, Mapping[str, Any]]] = {}

    @property
    def limit(self) -> int:
        """How many series there may be, the overflow among them."""
        return self._limit

    def series_of(self, attributes: Mapping[str, Any]) -> tuple[Series, bool]:
        """Find or make a series; False with it says that it is the one for all that do not fit."""
        if self._view is not None:
            attributes = self._view.filtered(attributes)
        key = _key(attributes)
        found = self._series.get(key)
        if found is not None:
            return found[0], True
        if len(self._series) < self._limit - 1:
            return self._made(key, attributes), True
        _trouble.report(
            "metrics.cardinality", "%s has reached its limit of %s series", self.name, self._limit
        )
        overflow = self._series.get(_OVERFLOW_KEY)
        return (overflow[0] if overflow is not None else self._made(_OVERFLOW_KEY, _OVERFLOW)), False

    def _made(self, key: Any, attributes: Mapping[str, Any]) -> Series:  # noqa: ANN401 - any hashable
        made = self._restarted(key) or (self.aggregation.series(self.instrument), attributes)
        # Two threads that meet here get the one that came first.
        return self._series.setdefault(key, made)[0]

    def _restarted(self, key: Any) -> tuple[Series, Mapping[str, Any]] | None:  # noqa: ANN401 - any hashable
        """Return what an observed series was at the last collection, begun anew: readers know it."""
        known = self._before.get(key)
        restart = getattr(known and known[0], "restart", None)
        if restart is None:
            return None
        restart()
        return known

    def all_series(self) -> list[Series]:
        """Return every series there is."""
        return [series for series, _ in tuple(self._series.values())]

    def observe(self) -> list[Series]:
        """Ask the instrument's callbacks; return the series that they do not mention any more."""
        self._before, self._series = self._series, {}
        for observation in self.instrument.observe():  # type: ignore[attr-defined]  # observable ones have it
            series, _ = self.series_of(_cleaned(observation.attributes))
            series.update(observation.value)
        gone = [series for key, (series, _) in self._before.items() if key not in self._series]
        self._before = {}
        return gone

    def collect(self, collection: Collection) -> Metric | None:
        """Return what there is to tell a reader; None if there is nothing."""
        kind = self.aggregation.kind
        if kind is None:
            return None
        instrument = self.instrument
        temporality = collection.reader.temporality(instrument.kind)
        since_ns = collection.reader.collected_ns.get(self, self._start_ns)
        collection.reader.collected_ns[self] = collection.now_ns
        make = self._difference if temporality is Temporality.DELTA else self._total
        points = [
            make(series, attributes, collection, since_ns)
            for series, attributes in tuple(self._series.values())
        ]
        told = [point for point in points if point is not None]
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

    def _total(
        self, series: Series, attributes: Mapping[str, Any], collection: Collection, since_ns: int
    ) -> Point | None:
        """Make a point of all that came since the start."""
        del since_ns
        snapshot = series.snapshot()
        self._spread_extremes(series, snapshot, collection)
        extremes = collection.reader.extremes.get(series)
        exemplars = _exemplars(series, 0)
        moment = Moment(attributes, self._start_ns, collection.now_ns, exemplars, extremes)
        return self.aggregation.point(snapshot, None, moment)

    def _difference(
        self, series: Series, attributes: Mapping[str, Any], collection: Collection, since_ns: int
    ) -> Point | None:
        """Make a point of what came since the reader was last told."""
        snapshot = series.snapshot()
        self._spread_extremes(series, snapshot, collection)
        reader = collection.reader
        earlier = reader.told.get(series)
        reader.told[series] = snapshot
        extremes = reader.extremes.pop(series, None)
        moment = Moment(attributes, since_ns, collection.now_ns, _exemplars(series, since_ns), extremes)
        return self.aggregation.point(snapshot, earlier, moment)

    def _spread_extremes(self, series: Series, snapshot: Any, collection: Collection) -> None:  # noqa: ANN401 - the aggregation's own
        """Keep the extremes for every reader: taking a snapshot takes them away from the series."""
        extremes_of = getattr(self.aggregation, "extremes_of", None)
        if extremes_of is None:
            return
        new = extremes_of(snapshot)
        for reader in collection.readers:
            old = reader.extremes.get(series, new)
            reader.extremes[series] = Extremes(min(old.low, new.low), max(old.high, new.high))


def _exemplars(series: Any, since_ns: int) -> Sequence[Exemplar]:  # noqa: ANN401 - a series of anybody's
    reservoir = getattr(series, "exemplars", None)
    kept: Sequence[Exemplar] = () if reservoir is None else reservoir.collect(since_ns)
    return kept


class Store:
    """All streams of one instrument; what `Instrument` looks its series up in."""

    def __init__(self, streams: list[Stream]) -> None:
        self.streams = streams
        self._spellings = 0

    def updater(self, attributes: Mapping[str, Any] | None) -> tuple[Callable[[Any], None], bool]:
        """Return what takes a measurement, and whether it may be remembered for these attributes."""
        cleaned = _cleaned(attributes)
        found = [stream.series_of(cleaned) for stream in self.streams]
        is_lasting = all(fits for _, fits in found) and self._may_remember()
        if len(found) == 1:
            return found[0][0].update, is_lasting
        return _fan_out([series.update for series, _ in found]), is_lasting

    def _may_remember(self) -> bool:
        """Bound what an instrument remembers: a view may map any number of attribute sets to one series."""
        self._spellings += 1
        return self._spellings <= _SPELLINGS * max((stream.limit for stream in self.streams), default=0)


def _fan_out(updates: list[Callable[[Any], None]]) -> Callable[[Any], None]:
    def update(amount: Any) -> None:  # noqa: ANN401 - any number
        for each in updates:
            each(amount)

    return update


def _cleaned(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    return clean_attributes(attributes, _MAX_ATTRIBUTES, _MAX_LENGTH)[0] if attributes else {}


def _key(attributes: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any hashable
    """Return the same key for the same attributes in any order."""
    key = tuple(sorted(attributes.items(), key=_by_name))
    try:
        hash(key)
    except TypeError:
        return repr(key)
    return key


def _by_name(pair: tuple[str, Any]) -> str:
    return pair[0]


_OVERFLOW_KEY: Final = _key(_OVERFLOW)
