"""The meter: makes instruments in the name of one instrumentation scope."""

from __future__ import annotations

from midspan import _trouble
from midspan.metrics._boundaries import checked_boundaries
from midspan.metrics._instruments import Counter, Gauge, Histogram, Instrument, UpDownCounter, spelling
from midspan.metrics._observables import ObservableCounter, ObservableGauge, ObservableUpDownCounter
from midspan.metrics._seam import binding
from midspan.trace._scope import scope_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Final, TypeVar

    from midspan.metrics._observables import Callback, ObservableInstrument
    from midspan.trace import InstrumentationScope

    T = TypeVar("T", bound=Instrument)
    Observing = TypeVar("Observing", bound=ObservableInstrument)

__all__ = ["Meter", "get_meter", "record_batch"]

_MAX_NAME: Final = 255
_MAX_TEXT: Final = 4096


class Meter:
    """Make instruments for one scope; see `get_meter`.

    Asking twice for the same instrument gives the same object. The same name with another kind, unit or
    description makes another one, and a warning: backends will not be able to tell them apart.
    """

    def __init__(self, scope: InstrumentationScope) -> None:
        self.scope = scope

    def create_counter(self, name: str, unit: str = "", description: str = "") -> Counter:
        """Make a counter: a sum that only grows."""
        return _registered(Counter(self.scope, *_named(name, unit, description)))

    def create_up_down_counter(self, name: str, unit: str = "", description: str = "") -> UpDownCounter:
        """Make an up-down counter: a sum that may shrink."""
        return _registered(UpDownCounter(self.scope, *_named(name, unit, description)))

    def create_histogram(
        self, name: str, unit: str = "", description: str = "", boundaries: Sequence[float] | None = None
    ) -> Histogram:
        """Make a histogram; `boundaries` advise the upper limits of its buckets, ascending.

        Raises:
            ValueError: The boundaries do not ascend.
        """
        limits = None if boundaries is None else checked_boundaries(boundaries)
        return _registered(Histogram(self.scope, *_named(name, unit, description), limits))

    def create_gauge(self, name: str, unit: str = "", description: str = "") -> Gauge:
        """Make a gauge: the last value."""
        return _registered(Gauge(self.scope, *_named(name, unit, description)))

    def create_observable_counter(
        self, name: str, callbacks: Iterable[Callback] = (), unit: str = "", description: str = ""
    ) -> ObservableCounter:
        """Make a counter whose sum callbacks report when somebody collects."""
        return _observing(ObservableCounter(self.scope, *_named(name, unit, description)), callbacks)

    def create_observable_up_down_counter(
        self, name: str, callbacks: Iterable[Callback] = (), unit: str = "", description: str = ""
    ) -> ObservableUpDownCounter:
        """Make an up-down counter whose sum callbacks report when somebody collects."""
        return _observing(ObservableUpDownCounter(self.scope, *_named(name, unit, description)), callbacks)

    def create_observable_gauge(
        self, name: str, callbacks: Iterable[Callback] = (), unit: str = "", description: str = ""
    ) -> ObservableGauge:
        """Make a gauge whose value callbacks report when somebody collects."""
        return _observing(ObservableGauge(self.scope, *_named(name, unit, description)), callbacks)

    def __repr__(self) -> str:
        return f"Meter({self.scope.name!r})"


def get_meter(
    name: str,
    version: str = "",
    schema_url: str = "",
    attributes: Mapping[str, Any] | None = None,
) -> Meter:
    """Return a meter for the library or module `name`; cheap, and allowed before `configure()`.

    >>> from midspan import metrics
    >>> requests = metrics.get_meter("shop.checkout").create_counter("requests", unit="1")
    >>> requests.add(1, {"route": "/"})
    """
    return Meter(scope_of(name, version, schema_url, attributes))


def record_batch(attributes: Mapping[str, Any], measurements: Iterable[tuple[Instrument, float]]) -> None:
    """Record several measurements that share their attributes: pairs of instrument and number."""
    spelled = spelling(attributes)
    try:
        for instrument, amount in measurements:
            update = None if spelled is None else instrument._updates.get(spelled)
            (update or instrument._find(attributes))(amount)
    except (TypeError, ValueError, AttributeError) as error:
        _trouble.report("metrics.batch", "a batch holds no pairs of instrument and number", error=error)


def _named(name: str, unit: str, description: str) -> tuple[str, str, str]:
    """Return the texts of an instrument, mended where they cannot be."""
    text = _text(name, _MAX_NAME + 1)
    if not issubclass(type(name), str) or not 0 < len(text) <= _MAX_NAME:
        _trouble.report(
            "metrics.name", "an instrument's name has 1 to 255 characters: %s; it is used all the same", name
        )
        text = text[:_MAX_NAME] or "unnamed"
    return text, _text(unit, _MAX_TEXT), _text(description, _MAX_TEXT)


def _text(given: object, length: int) -> str:
    return "" if given is None else _trouble.safe_str(given)[:length]


def _registered(instrument: T) -> T:
    """Return the instrument of this identity, the first that was made."""
    known = binding.instruments.get(instrument.identity)
    if known is not None:
        return known  # type: ignore[return-value]  # the kind is part of the identity
    _warn_of_namesakes(instrument)
    known = binding.join(instrument)
    if known is instrument:
        binding.rebind(instrument)
    return known  # type: ignore[return-value]  # as above


def _observing(instrument: Observing, callbacks: Iterable[Callback]) -> Observing:
    registered = _registered(instrument)
    try:
        for callback in callbacks:
            registered.add_callback(callback)
    except TypeError as error:
        _trouble.report("metrics.callbacks", "the callbacks of %s are no list", instrument.name, error=error)
    return registered


def _warn_of_namesakes(instrument: Instrument) -> None:
    namesakes = binding.namesakes(instrument)
    if namesakes:
        known = namesakes[-1]
        _trouble.report(
            f"metrics.duplicate.{known.name.lower()}",
            "the instrument %s exists as %s in %s, and now as %s in %s: backends may mix them up",
            instrument.name,
            known.kind,
            known.unit or "no unit",
            instrument.kind,
            instrument.unit or "no unit",
        )
