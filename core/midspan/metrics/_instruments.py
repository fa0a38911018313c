"""Instruments: what measurements are made with.

An instrument finds the series of a measurement with one dictionary look-up on the attributes as they are
given; only the first measurement of a series takes the slow road. The four verbs below are the same few
lines on purpose: a shared helper would cost a fifth of the call.
"""

from __future__ import annotations

from _weakref import ref

from midspan._signals import let_through

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final, TypeAlias

    from midspan.metrics._seam import Store
    from midspan.trace import InstrumentationScope

    Attributes: TypeAlias = Mapping[str, Any]
    Update: TypeAlias = Callable[[Any], object]

__all__ = ["BoundInstrument", "Counter", "Gauge", "Histogram", "Instrument", "UpDownCounter", "spelling"]

_PLAIN: Final = frozenset({int, float, bool})
_LONGEST_REMEMBERED: Final = 256


def _nothing(amount: Any) -> None:  # noqa: ANN401 - any number
    """Record nothing: there is no pipeline."""


def spelling(attributes: Attributes | None) -> tuple[tuple[str, Any], ...] | None:
    """Return attributes as they may be remembered; None if they are odd, and are cleaned each time."""
    try:
        pairs = () if attributes is None else tuple(attributes.items())
        return pairs if all(map(_is_plain, pairs)) else None
    except Exception as error:  # noqa: BLE001 - a mapping of the application's own may fail anywhere
        let_through(error)
        return None


def _is_plain(pair: tuple[object, object]) -> bool:
    key, value = pair
    if type(key) is not str:
        return False
    return len(value) <= _LONGEST_REMEMBERED if type(value) is str else type(value) in _PLAIN


class Instrument:
    """What all instruments have: an identity, and a place to put measurements once there is a pipeline."""

    kind: str
    is_observable = False
    is_monotonic = False

    def __init__(
        self,
        scope: InstrumentationScope,
        name: str,
        unit: str,
        description: str,
        boundaries: tuple[float, ...] | None = None,
    ) -> None:
        self.scope = scope
        self.name = name
        self.unit = unit
        self.description = description
        # The author's advice for the buckets of a histogram; a view has the last word.
        self.boundaries = boundaries
        self._store: Store | None = None
        self._updates: dict[Any, Update] = {}
        # Weakly: whoever drops one without closing it should not have to pay for it for ever.
        self._bound: set[ref[BoundInstrument]] = set()

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes two instruments the same one; names are case-insensitive (specification)."""
        return (self.scope, self.name.lower(), self.kind, self.unit, self.description)

    def bind_to(self, store: Store | None) -> None:
        """Send measurements to another store from now on, or nowhere."""
        # In this order: what another thread finds in the old store goes into the old dictionary.
        self._store = store
        self._updates = {}
        # A list, which is filled at once: a finaliser may bind and drop others at any allocation.
        for known in list(self._bound):
            bound = known()
            if bound is not None:
                self._direct(bound)

    def bind(self, attributes: Attributes) -> BoundInstrument:
        """Return the instrument with these attributes built in: for the hottest code."""
        bound = BoundInstrument(self, attributes)
        self._bound.add(ref(bound, self._bound.discard))
        self._direct(bound)
        return bound

    def _direct(self, bound: BoundInstrument) -> None:
        """Lead a bound instrument to its series."""
        while True:
            store = self._store
            bound._update = _nothing if store is None else store.updater(bound.attributes)[0]
            if store is self._store:  # Else another thread has bound the instrument anew meanwhile.
                return

    def release(self, bound: BoundInstrument) -> None:
        """Forget a bound instrument: it records nothing any more."""
        self._bound.discard(ref(bound))
        bound._update = _nothing

    def _find(self, attributes: Attributes | None, missed: Exception | None = None) -> Update:
        """Take the slow road: find or make a series, and remember it where that is worth it."""
        if missed is not None and type(missed) is not KeyError:
            let_through(missed)
        # In this order: see bind_to.
        updates, store = self._updates, self._store
        if store is None:
            return _nothing
        spelled = spelling(attributes)
        if spelled is None:
            return store.updater(attributes)[0]
        update, is_theirs = store.updater(dict(spelled))
        if is_theirs and len(updates) < store.room:
            updates[spelled] = update
        return update

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, unit={self.unit!r})"


class BoundInstrument:
    """An instrument with its attributes built in. Its verbs are those of every synchronous instrument."""

    __slots__ = ("__weakref__", "_instrument", "_update", "attributes")

    def __init__(self, instrument: Instrument, attributes: Attributes) -> None:
        spelled = spelling(attributes)
        self._instrument = instrument
        # A copy: the caller may go on to change what was given.
        self.attributes = attributes if spelled is None else dict(spelled)
        self._update: Update = _nothing

    def add(self, amount: float = 1) -> None:
        """Add to a counter."""
        self._update(amount)

    def record(self, value: float) -> None:
        """Record one value of a histogram."""
        self._update(value)

    def set(self, value: float) -> None:
        """Set a gauge."""
        self._update(value)

    def close(self) -> None:
        """Record nothing any more. What was recorded stays."""
        self._instrument.release(self)

    def __repr__(self) -> str:
        return f"{self._instrument!r}.bind({self.attributes!r})"


class Counter(Instrument):
    """Sum what only ever grows."""

    kind = "counter"
    is_monotonic = True

    def add(self, amount: float = 1, attributes: Attributes | None = None) -> None:
        """Add an amount, 0 or more."""
        try:
            update = self._updates[tuple(attributes.items()) if attributes else ()]
        except Exception as missed:  # noqa: BLE001 - a new spelling, or attributes that fail in any way
            update = self._find(attributes, missed)
        update(amount)


class UpDownCounter(Instrument):
    """Sum what may grow and shrink."""

    kind = "up_down_counter"

    def add(self, amount: float = 1, attributes: Attributes | None = None) -> None:
        """Add an amount, of either sign."""
        try:
            update = self._updates[tuple(attributes.items()) if attributes else ()]
        except Exception as missed:  # noqa: BLE001 - as above
            update = self._find(attributes, missed)
        update(amount)


class Histogram(Instrument):
    """Record values whose distribution matters."""

    kind = "histogram"

    def record(self, value: float, attributes: Attributes | None = None) -> None:
        """Record one value."""
        try:
            update = self._updates[tuple(attributes.items()) if attributes else ()]
        except Exception as missed:  # noqa: BLE001 - as above
            update = self._find(attributes, missed)
        update(value)


class Gauge(Instrument):
    """Remember the last value."""

    kind = "gauge"

    def set(self, value: float, attributes: Attributes | None = None) -> None:
        """Set the value that is true now."""
        try:
            update = self._updates[tuple(attributes.items()) if attributes else ()]
        except Exception as missed:  # noqa: BLE001 - as above
            update = self._find(attributes, missed)
        update(value)
