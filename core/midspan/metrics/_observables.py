"""Observable instruments: whoever collects asks callbacks for the values."""

from __future__ import annotations

import itertools

from midspan import _trouble
from midspan.metrics._instruments import Instrument
from midspan.metrics._seam import binding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, Final, TypeAlias

    from midspan.trace import InstrumentationScope

    Callback: TypeAlias = Callable[[], Iterable["Observation | float"]]

__all__ = [
    "ObservableCounter",
    "ObservableGauge",
    "ObservableInstrument",
    "ObservableUpDownCounter",
    "Observation",
]

# An instrument keeps 2,000 series unless a view says otherwise; a callback that goes on for ever is ended.
_MAX_OBSERVATIONS: Final = 65_536


class Observation:
    """One value that a callback reports, with its attributes."""

    __slots__ = ("attributes", "value")

    def __init__(self, value: float, attributes: Mapping[str, Any] | None = None) -> None:
        self.value = value
        self.attributes = attributes

    def __repr__(self) -> str:
        return f"Observation({self.value!r}, {self.attributes!r})"


class ObservableInstrument(Instrument):
    """Ask callbacks for the values when somebody collects."""

    is_observable = True

    def __init__(self, scope: InstrumentationScope, name: str, unit: str, description: str) -> None:
        super().__init__(scope, name, unit, description)
        self._callbacks: list[Callback] = []

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

    def observe(self) -> Iterator[Observation]:
        """Ask the callbacks; one that fails is reported, and the others are asked all the same."""
        for callback in tuple(self._callbacks):
            try:
                yield from self._answers(callback)
            except (KeyboardInterrupt, GeneratorExit):
                raise
            except BaseException as error:  # noqa: BLE001 - the application's own code, and SystemExit ends nothing here
                _trouble.note("metrics.callback", "a callback of %s failed", self.name, error=error)

    def _answers(self, callback: Callback) -> Iterator[Observation]:
        answers = iter(callback())
        for answer in itertools.islice(answers, _MAX_OBSERVATIONS):
            # Not `isinstance`, which asks the answer, whatever it is.
            is_whole = issubclass(type(answer), Observation)
            yield answer if is_whole else Observation(answer)  # type: ignore[misc, arg-type]
        if next(answers, None) is not None:
            _trouble.note(
                "metrics.observations",
                "a callback of %s reports more than %s values",
                self.name,
                _MAX_OBSERVATIONS,
            )


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
