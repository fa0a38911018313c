"""What an exporter prefers about metrics: read by the readers that feed it.

The variables are those of the OpenTelemetry specification, "OTLP Metrics Exporter".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan._environment import ConfigurationError, Environment
from midspan.metrics import Temporality

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    TemporalityChoice: TypeAlias = str | Mapping[str, Temporality] | Callable[[str], Temporality]

__all__ = ["Preferences", "read_preferences"]

_TEMPORALITY: Final = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
_AGGREGATION: Final = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION"
_TEMPORALITIES: Final = ("cumulative", "delta", "lowmemory")
_AGGREGATIONS: Final = ("explicit_bucket_histogram", "base2_exponential_bucket_histogram")
_INSTRUMENTS: Final = (
    "counter",
    "up_down_counter",
    "histogram",
    "gauge",
    "observable_counter",
    "observable_up_down_counter",
    "observable_gauge",
)
_MEMBERS: Final = tuple(f"Temporality.{member.name}" for member in Temporality)


class Preferences(NamedTuple):
    """In which temporality metrics are wanted, and what histograms become."""

    temporality: TemporalityChoice
    histogram_aggregation: str


def read_preferences(
    temporality: Any,  # noqa: ANN401 - checked here
    histogram_aggregation: Any,  # noqa: ANN401 - as above
    variables: Mapping[str, str] | None = None,
) -> Preferences:
    """Return what holds: code before the variables before the defaults.

    Raises:
        ConfigurationError: Something cannot be; the message names it, its value and what is allowed.
    """
    environment = Environment(variables)
    if temporality is None:
        chosen: Any = _named(environment, _TEMPORALITY, _TEMPORALITIES)
    else:
        chosen = _temporality(temporality)
    if histogram_aggregation is None:
        return Preferences(chosen, _named(environment, _AGGREGATION, _AGGREGATIONS))
    if histogram_aggregation not in _AGGREGATIONS:
        raise _refused("histogram_aggregation", histogram_aggregation, _AGGREGATIONS)
    return Preferences(chosen, histogram_aggregation)


def _temporality(choice: Any) -> Any:  # noqa: ANN401 - as above
    if isinstance(choice, Mapping):
        for kind, temporality in choice.items():
            if kind not in _INSTRUMENTS:
                raise _refused("temporality", kind, _INSTRUMENTS)
            if not isinstance(temporality, Temporality):
                raise _refused(f"temporality[{kind!r}]", temporality, _MEMBERS)
    elif not callable(choice) and choice not in _TEMPORALITIES:
        raise _refused(
            "temporality", choice, (*_TEMPORALITIES, "a mapping or function by kind of instrument")
        )
    return choice


def _named(environment: Environment, variable: str, allowed: tuple[str, ...]) -> str:
    """Return one of the names that a variable may hold in any case; the first, if it holds nothing."""
    value = environment.text(variable)
    if value is None:
        return allowed[0]
    if value.lower() not in allowed:
        raise _refused(variable, value, allowed)
    return value.lower()


def _refused(who: str, value: object, allowed: tuple[str, ...]) -> ConfigurationError:
    return ConfigurationError(f"{who}={value!r} is not valid: allowed is {' or '.join(allowed)}")
