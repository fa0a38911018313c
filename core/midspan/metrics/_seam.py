"""The seam between instruments and what collects from them.

Instruments are bound by whoever is configured: an engine is told of every instrument, those made before it
and those made after, and gives each a way to find its series. Without an engine nothing is recorded.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, Protocol

    from midspan.metrics._instruments import Instrument
    from midspan.metrics._points import Metric

    class Store(Protocol):
        """Where one instrument's measurements go."""

        @property
        def room(self) -> int:
            """How many spellings of attribute sets are worth remembering."""
            ...

        def updater(self, attributes: Mapping[str, Any] | None) -> tuple[Callable[[Any], object], bool]:
            """Return what takes a measurement of a series, and whether the series is theirs alone."""
            ...

    class Engine(Protocol):
        """What `configure()` installs."""

        def bind(self, instrument: Instrument) -> Store:
            """Make room for an instrument's measurements."""
            ...

        def release(self, instrument: Instrument) -> None:
            """Forget an instrument that was closed."""
            ...

        def instruments_came(self) -> None:
            """Learn that there is something to collect."""
            ...

    class Producer(Protocol):
        """A foreign source of metrics, asked at each collection."""

        def produce(self) -> Iterable[Metric]:
            """Return finished metrics; one whose resource is None is given the pipeline's."""
            ...


__all__ = ["Binding", "binding"]


class Binding:
    """The holder of the engine in force, of every live instrument, and of foreign sources."""

    def __init__(self) -> None:
        self.engine: Engine | None = None
        # Held until they are closed: most code drops what creating an observable instrument returns.
        self.instruments: dict[Any, Instrument] = {}
        self._by_name: dict[Any, dict[Any, Instrument]] = {}
        self.producers: list[Producer] = []

    def install(self, engine: Engine | None) -> None:
        """Bind every instrument to another engine, or to none."""
        self.engine = engine
        if engine is not None and self.producers:
            engine.instruments_came()
        for instrument in list(self.instruments.values()):
            self.rebind(instrument)

    def join(self, instrument: Instrument) -> Instrument:
        """Hold an instrument from now on; return the first that came with its identity."""
        identity = instrument.identity
        known = self.instruments.setdefault(identity, instrument)
        if known is instrument:
            self._by_name.setdefault(identity[:2], {})[identity] = instrument
        return known

    def namesakes(self, instrument: Instrument) -> tuple[Instrument, ...]:
        """Return all instruments of the same scope and name, whatever they are."""
        return tuple(self._by_name.get(instrument.identity[:2], {}).values())

    def rebind(self, instrument: Instrument) -> None:
        """Bind one instrument to the engine in force."""
        instrument.bind_to(None if self.engine is None else self.engine.bind(instrument))

    def forget(self, instrument: Instrument) -> None:
        """Take an instrument out of every collection."""
        identity = instrument.identity
        if self.instruments.get(identity) is not instrument:
            return
        del self.instruments[identity]
        self._by_name.get(identity[:2], {}).pop(identity, None)
        if self.engine is not None:
            self.engine.release(instrument)

    def add_producer(self, producer: Producer) -> None:
        """Let every pipeline ask a foreign source, the one in force and those that come."""
        if producer not in self.producers:
            self.producers.append(producer)
        if self.engine is not None:
            self.engine.instruments_came()

    def remove_producer(self, producer: Producer) -> None:
        """Have a foreign source asked no more; one that is not there is no error."""
        if producer in self.producers:
            self.producers.remove(producer)


binding = Binding()
