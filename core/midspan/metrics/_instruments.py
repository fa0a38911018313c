"""Instruments: what measurements are made with.

An instrument finds the series of a measurement with one dictionary look-up on the attributes as they are
given; only the first measurement of a series takes the slow road. The four verbs below are the same few
lines on purpose: a shared helper would cost a fifth of the call.
"""

from __future__ import annotations

import contextlib

from midspan import _trouble
from midspan.metrics._seam import binding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, Final, TypeAlias

    from midspan.metrics._seam import Store
    from midspan.trace import InstrumentationScope

    Attributes: TypeAlias = Mapping[str, Any]
    Update: TypeAlias = Callable[[Any], None]
    Callback: TypeAlias = Callable[[], Iterable["Observation | float"]]

__all__ = [
    "BoundInstrument",
    "Counter",
    "Gauge",
    "Histogram",
    "Instrument",
    "ObservableCounter",
    "ObservableGauge",
    "ObservableInstrument",
    "ObservableUpDownCounter",
    "Observation",
    "UpDownCounter",
]


def _nothing(amount: Any) -> None:  # noqa: ANN401 - any number
    """Record nothing: there is no pipeline."""


class Observation:
    """One value that a callback reports, with its attributes."""

    __slots__ = ("attributes", "value")

    def __init__(self, value: float, attributes: Attributes | None = None) -> None:
        self.value = value
        self.attributes = attributes

    def __repr__(self) -> str:
        return f"Observation({self.value!r}, {self.attributes!r})"


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
        self._bound: list[BoundInstrument] = []

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes two instruments the same one; names are case-insensitive (specification)."""
        return (self.scope, str(self.name).lower(), self.kind, self.unit, self.description)

    def bind_to(self, store: Store | None) -> None:
        """Send measurements to another store from now on, or nowhere."""
        self._store = store
        self._updates = {}
        for bound in tuple(self._bound):
            bound._update = self._updater(bound.attributes)

    def bind(self, attributes: Attributes) -> BoundInstrument:
        """Return the instrument with these attributes built in: for the hottest code."""
        bound = BoundInstrument(self, attributes, self._updater(attributes))
        self._bound.append(bound)
        return bound

    def release(self, bound: BoundInstrument) -> None:
        """Forget a bound instrument: it records nothing any more."""
        if bound in self._bound:
            self._bound.remove(bound)
        bound._update = _nothing

    def _updater(self, attributes: Attributes | None) -> Update:
        store = self._store
        if store is None:
            return _nothing
        return store.updater(attributes)[0]

    def _find(self, attributes: Attributes | None) -> Update:
        """Take the slow road: find or make a series, and remember it where that is worth it."""
        store = self._store
        if store is None:
            return _nothing
        update, is_lasting = store.updater(attributes)
        if is_lasting:
            # What cannot be a key (a list in it, say) is found the slow way each time.
            with contextlib.suppress(TypeError, AttributeError):
                self._updates[tuple(attributes.items()) if attributes else ()] = update
        return update

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, unit={self.unit!r})"


class BoundInstrument:
    """An instrument with its attributes built in. Its verbs are those of every synchronous instrument."""

    __slots__ = ("_instrument", "_update", "attributes")

    def __init__(self, instrument: Instrument, attributes: Attributes, update: Update) -> None:
        self._instrument = instrument
        self.attributes = attributes
        self._update = update

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
        return f"{self._instrument!r}.bind({dict(self.attributes)!r})"


class Counter(Instrument):
    """Sum what only ever grows."""

    kind = "counter"
    is_monotonic = True

    def add(self, amount: float = 1, attributes: Attributes | None = None) -> None:
        """Add an amount, 0 or more."""
        try:
            update = self._updates[tuple(attributes.items()) if attributes else ()]
        except (KeyError, TypeError, AttributeError, RuntimeError):
            update = self._find(attributes)
        update(amount)


class UpDownCounter(Instrument):
    """Sum what may grow and shrink."""

    kind = "up_down_counter"

    def add(self, amount: float = 1, attributes: Attributes | None = None) -> None:
        """Add an amount, of either sign."""
        try:
            update = self._updates[tuple(attributes.items()) if attributes else ()]
        except (KeyError, TypeError, AttributeError, RuntimeError):
            update = self._find(attributes)
        update(amount)


class Histogram(Instrument):
    """Record values whose distribution matters."""

    kind = "histogram"

    def record(self, value: float, attributes: Attributes | None = None) -> None:
        """Record one value."""
        try:
            update = self._updates[tuple(attributes.items()) if attributes else ()]
        except (KeyError, TypeError, AttributeError, RuntimeError):
            update = self._find(attributes)
        update(value)


class Gauge(Instrument):
    """Remember the last value."""

    kind = "gauge"

    def set(self, value: float, attributes: Attributes | None = None) -> None:
        """Set the value that is true now."""
        try:
            update = self._updates[tuple(attributes.items()) if attributes else ()]
        except (KeyError, TypeError, AttributeError, RuntimeError):
            update = self._find(attributes)
        update(value)


class ObservableInstrument(Instrument):
    """Ask callbacks for the values when somebody collects."""

    is_observable = True

    def __init__(
        self,
        scope: InstrumentationScope,
        name: str,
        unit: str,
        description: str,
        callbacks: Iterable[Callback] = (),
    ) -> None:
        super().__init__(scope, name, unit, description)
        self._callbacks = list(callbacks)

    def add_callback(self, callback: Callback) -> None:
        """Ask one more callback."""
        self._callbacks.append(callback)

    def remove_callback(self, callback: Callback) -> None:
        """Ask a callback no more; one that is not there is no error."""
        if callback in self._callbacks:
            self._callbacks.remove(callback)

    def close(self) -> None:
        """Ask nobody any more, and vanish from the next collection on."""
        self._callbacks.clear()
        binding.forget(self)

    def observe(self) -> Iterable[Observation]:
        """Ask the callbacks; one that fails is reported, and the others are asked all the same."""
        for callback in tuple(self._callbacks):
            try:
                for answer in callback():
                    yield answer if isinstance(answer, Observation) else Observation(answer)
            except Exception as error:  # noqa: BLE001 - the application's own code
                _trouble.note("metrics.callback", "a callback of %s failed", self.name, error=error)


class ObservableCounter(ObservableInstrument):
    """Observe a sum that only ever grows."""

    kind = "observable_counter"
    is_monotonic = True


class ObservableUpDownCounter(ObservableInstrument):
    """Observe a sum that may grow and shrink."""

    kind = "observable_up_down_counter"


class ObservableGauge(ObservableInstrument):
    """Observe a value."""

    kind = "observable_gauge"


INSTRUMENTS: Final[dict[str, type[Instrument]]] = {
    kind.kind: kind
    for kind in (
        Counter,
        UpDownCounter,
        Histogram,
        Gauge,
        ObservableCounter,
        ObservableUpDownCounter,
        ObservableGauge,
    )
}
