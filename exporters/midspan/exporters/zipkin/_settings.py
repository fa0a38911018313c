"""Put together what code and variables say about where Zipkin is, and refuse what cannot be.

The variables and their defaults are those of the OpenTelemetry specification ("Zipkin Exporter").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlunsplit

from midspan._environment import Environment
from midspan.exporters._http import (
    Endpoint,
    checked_choice,
    checked_file,
    checked_headers,
    checked_timeout_s,
    checked_url,
    without_credentials,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

__all__ = ["Given", "Settings", "read_settings"]

_PREFIX: Final = "OTEL_EXPORTER_ZIPKIN_"
_PROTOCOLS: Final = ("http/json", "http/protobuf")
_COMPRESSIONS: Final = ("none", "gzip")
_PATH: Final = "/api/v2/spans"
_DEFAULT_ENDPOINT: Final = "http://localhost:9411" + _PATH
_DEFAULT_TIMEOUT_S: Final = 10.0


class Given(NamedTuple):
    """What code says; None leaves it to the variables, where there are any, and to the defaults."""

    endpoint: str | None = None
    headers: Mapping[str, str] | None = None
    timeout_s: float | None = None
    compression: str | None = None
    protocol: str | None = None
    certificate: str | os.PathLike[str] | None = None
    client_key: str | os.PathLike[str] | None = None
    client_certificate: str | os.PathLike[str] | None = None
    proxy: str | None = None


class Settings(NamedTuple):
    """Where and how to send."""

    endpoint: Endpoint
    # Infinite if a request may take as long as its caller allows.
    timeout_s: float
    compression: str
    protocol: str


def read_settings(given: Given, variables: Mapping[str, str] | None = None) -> Settings:
    """Return what holds: code before the variables before the defaults.

    Raises:
        ConfigurationError: Something cannot be; the message names it, its value and what is allowed.
    """
    environment = Environment(variables)
    timeout_who, timeout = _said("timeout_s", given.timeout_s, environment, "TIMEOUT")
    protocol_who, protocol = _said("protocol", given.protocol, environment, "PROTOCOL")
    return Settings(
        _endpoint(given, environment),
        _DEFAULT_TIMEOUT_S if timeout is None else checked_timeout_s(timeout_who, timeout),
        _one_of("compression", given.compression, _COMPRESSIONS),
        _one_of(protocol_who, protocol, _PROTOCOLS),
    )


def _endpoint(given: Given, environment: Environment) -> Endpoint:
    who, value = _said("endpoint", given.endpoint, environment, "ENDPOINT")
    url = checked_url(who, _DEFAULT_ENDPOINT if value is None else value, _DEFAULT_ENDPOINT)
    # It is taken as it is, but for a host alone: nothing else on it takes spans.
    bare, credentials = without_credentials(url if url.path.strip("/") else url._replace(path=_PATH))
    return Endpoint(
        bare,
        {**credentials, **checked_headers("headers", given.headers)},
        _file("certificate", given.certificate),
        _file("client_certificate", given.client_certificate),
        _file("client_key", given.client_key),
        None if given.proxy is None else urlunsplit(checked_url("proxy", given.proxy)),
    )


def _said(name: str, given: Any, environment: Environment, variable: str) -> tuple[str, Any]:  # noqa: ANN401 - whatever a person wrote
    """Return who speaks (an argument or a variable) and what is said, or None."""
    if given is not None:
        return name, given
    return _PREFIX + variable, environment.text(_PREFIX + variable)


def _one_of(who: str, value: Any, allowed: Sequence[str]) -> str:  # noqa: ANN401 - as above
    return allowed[0] if value is None else checked_choice(who, value, allowed)


def _file(who: str, value: Any) -> str | None:  # noqa: ANN401 - as above
    return None if value is None else checked_file(who, value)
