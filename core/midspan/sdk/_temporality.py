"""Choose whether points tell of the time since the last ones, or since the start: by kind of instrument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan.metrics import Temporality

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    TemporalityChoice: TypeAlias = str | Mapping[str, Temporality] | Callable[[str], Temporality]

__all__ = ["temporality_of"]

_UP_DOWN: Final = frozenset({"up_down_counter", "observable_up_down_counter"})
_SYNCHRONOUS_DELTA: Final = frozenset({"counter", "histogram"})


def temporality_of(choice: TemporalityChoice) -> Callable[[str], Temporality]:
    """Return a function from a kind of instrument to its temporality.

    A name is one of those of `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`.

    Raises:
        ValueError: The name is none of these.
    """
    if callable(choice):
        return choice
    if not isinstance(choice, str):
        table = dict(choice)
        return lambda kind: table.get(kind, Temporality.CUMULATIVE)
    if choice not in _PREFERENCES:
        message = f"temporality {choice!r} is not valid: allowed is one of {', '.join(_PREFERENCES)}"
        raise ValueError(message)
    return _PREFERENCES[choice]


def _cumulative(kind: str) -> Temporality:  # noqa: ARG001 - the same for all
    return Temporality.CUMULATIVE


def _delta(kind: str) -> Temporality:
    return Temporality.CUMULATIVE if kind in _UP_DOWN else Temporality.DELTA


def _low_memory(kind: str) -> Temporality:
    return Temporality.DELTA if kind in _SYNCHRONOUS_DELTA else Temporality.CUMULATIVE


_PREFERENCES: Final[dict[str, Callable[[str], Temporality]]] = {
    "cumulative": _cumulative,
    "delta": _delta,
    "lowmemory": _low_memory,
}
