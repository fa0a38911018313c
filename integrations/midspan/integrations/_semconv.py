"""Choose between the stable names of attributes and metrics, and those that older dashboards ask for."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, cast

from midspan._environment import ConfigurationError, Environment

__all__ = ["Semconv", "semconv_of"]

Semconv: TypeAlias = Literal["stable", "legacy", "both"]

_ALLOWED: Final = ("stable", "legacy", "both")


def semconv_of(given: str | None, domain: str, environment: Environment | None = None) -> Semconv:
    """Return which names to use for a domain (`http`, `database`): what was given, else the environment's.

    `MIDSPAN_SEMCONV` is one of stable, legacy and both. OpenTelemetry's `OTEL_SEMCONV_STABILITY_OPT_IN` is
    heard as well: `http/dup` there asks for both. Without either, the names are the stable ones.

    Raises:
        ConfigurationError: Something else was given.
    """
    environment = environment or Environment()
    chosen = given or environment.text("MIDSPAN_SEMCONV")
    if chosen is None:
        both = f"{domain}/dup" in (environment.names("OTEL_SEMCONV_STABILITY_OPT_IN") or ())
        return "both" if both else "stable"
    if chosen not in _ALLOWED:
        message = f"semconv={chosen!r} (MIDSPAN_SEMCONV) is not valid: allowed are {', '.join(_ALLOWED)}"
        raise ConfigurationError(message)
    return cast("Semconv", chosen)
