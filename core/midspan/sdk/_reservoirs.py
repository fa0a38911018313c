"""Reservoirs that are not for users: one that keeps nothing, and one that holds theirs at arm's length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.metrics import Exemplar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from midspan.sdk.exemplars import Reservoir
    from midspan.trace import Span

__all__ = ["SILENT", "Guarded", "Silent"]


class Silent:
    """Keep nothing: for a filter that is always off, and for series that do not offer by themselves."""

    __slots__ = ()
    kept: Final[Mapping[int, Any]] = {}

    def offer(self, value: float, span: Span | None, filtered: Mapping[str, Any] | None = None) -> None:
        """Keep nothing."""

    def collect(self, since_ns: int) -> tuple[Exemplar, ...]:  # noqa: ARG002 - there is nothing
        """Return nothing."""
        return ()


SILENT: Final = Silent()


class Guarded:
    """A reservoir of the application's own, held at arm's length: it may raise."""

    __slots__ = ("_reservoir",)
    # Whether there is anything is the reservoir's to say.
    kept = True

    def __init__(self, reservoir: Reservoir) -> None:
        self._reservoir = reservoir

    def offer(self, value: float, span: Span | None, filtered: Mapping[str, Any] | None = None) -> None:
        """Hand a measurement on."""
        try:
            self._reservoir.offer(value, span, filtered or {})
        except Exception as error:  # noqa: BLE001 - see the class
            _trouble.report("metrics.reservoir", "a reservoir of exemplars raised", error=error)

    def collect(self, since_ns: int) -> tuple[Exemplar, ...]:
        """Return what the reservoir does, if it is exemplars."""
        try:
            return tuple(_only_exemplars(self._reservoir.collect(since_ns)))
        except Exception as error:  # noqa: BLE001 - see the class
            _trouble.note("metrics.reservoir", "a reservoir of exemplars raised", error=error)
            return ()


def _only_exemplars(collected: Iterable[Exemplar]) -> Iterable[Exemplar]:
    return (each for each in collected if isinstance(each, Exemplar))
