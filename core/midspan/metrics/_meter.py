"""The meter: makes instruments in the name of one instrumentation scope."""

from __future__ import annotations

import itertools

from midspan import _trouble
from midspan.metrics._instruments import (
    Counter,
    Gauge,
    Histogram,
    Instrument,
    ObservableCounter,
    ObservableGauge,
    ObservableUpDownCounter,
    UpDownCounter,
)
from midspan.metrics._seam import binding
from midspan.trace import InstrumentationScope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, TypeVar

    from midspan.metrics._instruments import Callback, ObservableInstrument

    T = TypeVar("T", bound=Instrument)
    Observing = TypeVar("Observing", bound=ObservableInstrument)

__all__ = ["Meter", "get_meter", "record_batch"]

_MAX_NAME = 255


class Meter:
    """Make instruments for one scope; see `get_meter`.

    Asking twice for the same instrument gives the same object. The same name with another kind, unit or
    description makes another one, and a warning: backends will not be able to tell them apart.
    """

    def __init__(self, scope: InstrumentationScope) -> None:
        self.scope = scope

    def create_counter(self, name: str, unit: str = "", description: str = "") -> Counter:
        """Make a counter: a sum that only grows."""
        return _registered(Counter(self.scope, name, unit, description))

    def create_up_down_counter(self, name: str, unit: str = "", description: str = "") -> UpDownCounter:
        """Make an up-down counter: a sum that may shrink."""
        return _registered(UpDownCounter(self.scope, name, unit, description))

    def create_histogram(
        self, name: str, unit: str = "", description: str = "", boundaries: Sequence[float] | None = None
    ) -> Histogram:
        """Make a histogram; `boundaries` advise the upper limits of its buckets, ascending.

        Raises:
            ValueError: The boundaries do not ascend.
        """
        limits = None if boundaries is None else tuple(boundaries)
        if limits is not None and any(a >= b for a, b in itertools.pairwise(limits)):
            message = f"boundaries must ascend: {limits!r}"
            raise ValueError(message)
        return _registered(Histogram(self.scope, name, unit, description, limits))

    def create_gauge(self, name: str, unit: str = "", description: str = "") -> Gauge:
        """Make a gauge: the last value."""
        return _registered(Gauge(self.scope, name, unit, description))

    def create_observable_counter(
        self, name: str, callbacks: Iterable[Callback] = (), unit: str = "", description: str = ""
    ) -> ObservableCounter:
        """Make a counter whose sum callbacks report when somebody collects."""
        return _observing(ObservableCounter(self.scope, name, unit, description), callbacks)

    def create_observable_up_down_counter(
        self, name: str, callbacks: Iterable[Callback] = (), unit: str = "", description: str = ""
    ) -> ObservableUpDownCounter:
        """Make an up-down counter whose sum callbacks report when somebody collects."""
        return _observing(ObservableUpDownCounter(self.scope, name, unit, description), callbacks)

    def create_observable_gauge(
        self, name: str, callbacks: Iterable[Callback] = (), unit: str = "", description: str = ""
    ) -> ObservableGauge:
        """Make a gauge whose value callbacks report when somebody collects."""
        return _observing(ObservableGauge(self.scope, name, unit, description), callbacks)

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
    return Meter(InstrumentationScope(name, version, schema_url, tuple((attributes or {}).items())))


def record_batch(attributes: Mapping[str, Any], measurements: Iterable[tuple[Instrument, float]]) -> None:
    """Record several measurements that share their attributes: pairs of instrument and number."""
    for instrument, amount in measurements:
        instrument._find(attributes)(amount)


def _registered(instrument: T) -> T:
    """Return the instrument of this identity, the first that was made."""
    identity = instrument.identity
    known = binding.instruments.get(identity)
    if known is not None:
        return known  # type: ignore[return-value]  # the kind is part of the identity
    _check_name(instrument)
    _warn_of_namesakes(instrument)
    known = binding.instruments.setdefault(identity, instrument)
    if known is instrument:
        binding.rebind(instrument)
    return known  # type: ignore[return-value]  # as above


def _observing(instrument: Observing, callbacks: Iterable[Callback]) -> Observing:
    registered = _registered(instrument)
    for callback in callbacks:
        registered.add_callback(callback)
    return registered


def _check_name(instrument: Instrument) -> None:
    name = instrument.name
    if not isinstance(name, str) or not name or len(name) > _MAX_NAME:
        _trouble.report(
            "metrics.name", "an instrument's name has 1 to 255 characters: %s; it is used all the same", name
        )
        instrument.name = _trouble.safe_str(name)[:_MAX_NAME] or "unnamed"


def _warn_of_namesakes(instrument: Instrument) -> None:
    name = instrument.name.lower()
    for known in tuple(binding.instruments.values()):
        if known.scope == instrument.scope and known.name.lower() == name:
            _trouble.report(
                f"metrics.duplicate.{name}",
                "the instrument %s exists as %s in %s, and now as %s in %s: backends may mix them up",
                instrument.name,
                known.kind,
                known.unit or "no unit",
                instrument.kind,
                instrument.unit or "no unit",
            )
