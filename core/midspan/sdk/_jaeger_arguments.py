"""Make a remote sampler from an argument in OpenTelemetry's form, or from jaeger-client's variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan.sdk._environment import ConfigurationError
from midspan.sdk._jaeger_agent import DEFAULT_ENDPOINT, url_of
from midspan.sdk._jaeger_remote import DEFAULT_INTERVAL_S, DEFAULT_RATE, JaegerRemote

if TYPE_CHECKING:
    from midspan.sdk._environment import Environment
    from midspan.sdk._samplers import Surroundings

__all__ = ["jaeger_remote"]

_KEYS: Final = ("endpoint", "pollingIntervalMs", "initialSamplingRate")


def jaeger_remote(argument: str | None, about: Surroundings) -> JaegerRemote:
    """Make the sampler from an argument in OpenTelemetry's form.

    Raises:
        ConfigurationError: A variable of Jaeger's does not hold what it should.
        ValueError: The argument does not.
    """
    given = _pairs(argument)
    return JaegerRemote(
        about.service_name,
        given.get("endpoint") or _endpoint_of(about.environment),
        interval_s=_number(given, "pollingIntervalMs", DEFAULT_INTERVAL_S * 1000) / 1000,
        initial_rate=_number(given, "initialSamplingRate", DEFAULT_RATE),
        clock_s=about.clock_s,
    )


def _pairs(argument: str | None) -> dict[str, str]:
    given: dict[str, str] = {}
    for pair in filter(None, (argument or "").split(",")):
        key, equals, value = pair.partition("=")
        if not equals or key.strip() not in _KEYS:
            message = f"{pair!r} is none of {', '.join(f'{known}=...' for known in _KEYS)}"
            raise ValueError(message)
        given[key.strip()] = value.strip()
    return given


def _number(given: dict[str, str], key: str, default: float) -> float:
    try:
        number = float(given.get(key, default))
    except ValueError:
        number = -1.0
    if not 0.0 <= number < 1e12:  # noqa: PLR2004 - thirty years
        message = f"{key}={given[key]} is no number from 0"
        raise ValueError(message)
    return number


def _endpoint_of(environment: Environment) -> str:
    """Return the endpoint that jaeger-client's variables name, or the default."""
    for name, form in (
        ("JAEGER_SAMPLING_ENDPOINT", "{}"),
        ("JAEGER_SAMPLER_MANAGER_HOST_PORT", "http://{}/sampling"),
        ("JAEGER_AGENT_HOST", "http://{}:5778/sampling"),
    ):
        value = environment.text(name)
        if value is not None:
            try:
                return url_of(form.format(value))
            except ValueError as error:
                message = f"{name}={value!r} is not valid: {error}"
                raise ConfigurationError(message) from None
    return DEFAULT_ENDPOINT
