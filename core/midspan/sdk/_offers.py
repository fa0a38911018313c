"""Offer measurements to reservoirs, by the filter that was configured.

A series offers what is measured in sampled spans by itself, which costs least. Where more is to be said or
offered, a function around it does so, and the series keeps silent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.context import _slot
from midspan.sdk._environment import ConfigurationError
from midspan.sdk._measured import number_of
from midspan.sdk._reservoirs import SILENT, Guarded
from midspan.sdk._series import ExplicitSeries, ExponentialSeries, ExtremesSeries, LastValueSeries, SumSeries
from midspan.sdk.exemplars import Aligned, FixedSize

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from midspan.sdk._environment import Environment
    from midspan.sdk.aggregation._frames import Entry
    from midspan.sdk.views import View

__all__ = ["Offers", "chosen_filter"]

# OpenTelemetry specification, "ExemplarFilter": whose measurements a reservoir is offered.
_FILTERS: Final = ("trace_based", "always_on", "always_off")

_get: Final = _slot.get
# The others come from an aggregation of the application's own, which may raise.
_OURS: Final = frozenset({ExplicitSeries, ExponentialSeries, ExtremesSeries, LastValueSeries, SumSeries})


class Offers:
    """What becomes an exemplar of one stream's measurements."""

    def __init__(self, filter_name: str, view: View | None) -> None:
        self._is_off = filter_name == "always_off"
        self._is_always = filter_name == "always_on"
        self._make = None if view is None else view.reservoir
        # What a view takes away, the series does not know.
        self._is_outside = self._is_always or (not self._is_off and view is not None and view.filters)

    def place(self, series: Any) -> Any:  # noqa: ANN401 - a series and a reservoir of anybody's
        """Give a new series its reservoir, and return it."""
        own = getattr(series, "exemplars", None)
        if own is None or self._is_off:
            chosen = SILENT
        elif self._make is None:
            chosen = own
        else:
            chosen = _known(self._make())
        if own is not None:
            series.exemplars = SILENT if self._is_outside else chosen
        return chosen

    def updater(self, entry: Entry, taken: Mapping[str, Any]) -> Callable[[Any], object]:
        """Return what takes measurements of a series, of whose attributes a view has taken some away."""
        series = entry.series
        update: Callable[[Any], object] = series.update if type(series) in _OURS else _guarded(series.update)
        if not self._is_outside or entry.exemplars is SILENT:
            return update
        return _offering(update, entry.exemplars, taken, is_always=self._is_always)


def _known(reservoir: Any) -> Any:  # noqa: ANN401 - anybody's
    return reservoir if type(reservoir) in (FixedSize, Aligned) else Guarded(reservoir)


def _guarded(take: Callable[[Any], object]) -> Callable[[Any], object]:
    def update(amount: Any) -> object:  # noqa: ANN401 - any number
        try:
            return take(amount)
        except Exception as error:  # noqa: BLE001 - see _OURS
            _trouble.report("metrics.aggregation", "an aggregation failed to take a value", error=error)
            return False

    return update


def _offering(
    take: Callable[[Any], object],
    reservoir: Any,  # noqa: ANN401 - see Reservoir
    taken: Mapping[str, Any],
    *,
    is_always: bool,
) -> Callable[[Any], object]:
    def update(amount: Any) -> object:  # noqa: ANN401 - any number
        if type(amount) is not int and type(amount) is not float:
            amount = number_of(amount)
            if amount is None:
                return False
        if take(amount) is False:
            return False
        span = _get().span
        is_sampled = span is not None and span._limits is not None and span._flags & 1
        if is_sampled or is_always:
            reservoir.offer(amount, span if is_sampled else None, taken)
        return None

    return update


def chosen_filter(name: str | None, environment: Environment) -> str:
    """Return the filter of exemplars: the argument, the variable, or the specification's default.

    Raises:
        ConfigurationError: There is no such filter.
    """
    chosen = name or environment.text("OTEL_METRICS_EXEMPLAR_FILTER") or _FILTERS[0]
    if chosen not in _FILTERS:
        message = (
            f"exemplars={chosen!r} (OTEL_METRICS_EXEMPLAR_FILTER) is not valid: "
            f"allowed is one of {', '.join(_FILTERS)}"
        )
        raise ConfigurationError(message)
    return chosen
