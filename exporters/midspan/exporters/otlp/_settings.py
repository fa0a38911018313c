"""Put together what code and variables say about where a signal goes, and refuse what cannot be.

The variables and their defaults are those of the OpenTelemetry specification, "OTLP Exporter Configuration".
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
    refused,
    without_credentials,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from urllib.parse import SplitResult

__all__ = ["Given", "Settings", "read_settings"]

_PREFIX: Final = "OTEL_EXPORTER_OTLP_"
_PROTOCOLS: Final = ("http/protobuf", "http/json")
_COMPRESSIONS: Final = ("none", "gzip")
_DEFAULT_ENDPOINT: Final = "http://localhost:4318"
_DEFAULT_TIMEOUT_S: Final = 10.0
# What a base is given, and what the whole of an endpoint ends in.
_PATHS: Final = {"traces": "/v1/traces", "metrics": "/v1/metrics"}


class Given(NamedTuple):
    """What code says; None leaves it to the variables."""

    endpoint: str | None = None
    headers: Mapping[str, str] | None = None
    timeout: float | None = None
    compression: str | None = None
    protocol: str | None = None
    certificate: str | os.PathLike[str] | None = None
    client_key: str | os.PathLike[str] | None = None
    client_certificate: str | os.PathLike[str] | None = None
    proxy: str | None = None


class Settings(NamedTuple):
    """Where and how to send."""

    url: str
    headers: Mapping[str, str]
    # Infinite if a request may take as long as its caller allows.
    timeout_s: float
    compression: str
    protocol: str
    certificate: str | None
    client_key: str | None
    client_certificate: str | None
    proxy: str | None

    @property
    def endpoint(self) -> Endpoint:
        """What the network needs to know."""
        return Endpoint(
            self.url, self.headers, self.certificate, self.client_certificate, self.client_key, self.proxy
        )


def read_settings(
    given: Given, variables: Mapping[str, str] | None = None, signal: str = "traces"
) -> Settings:
    """Return what holds: code before the variables of the signal before those of all before the defaults.

    Raises:
        ConfigurationError: Something cannot be; the message names it, its value and what is allowed.
    """
    said = _Said(given, Environment(variables), signal)
    url, credentials = without_credentials(_url(said))
    return Settings(
        url=url,
        headers={**credentials, **checked_headers(*said.look_up("headers"))},
        timeout_s=_timeout_s(said),
        compression=_one_of(said, "compression", _COMPRESSIONS),
        protocol=_protocol(said),
        certificate=_file(said, "certificate"),
        client_key=_file(said, "client_key"),
        client_certificate=_file(said, "client_certificate"),
        proxy=_proxy(given),
    )


class _Said:
    """Look a setting up in code and variables, and remember who said it."""

    def __init__(self, given: Given, environment: Environment, signal: str) -> None:
        self._given = given
        self._environment = environment
        self.path = _PATHS[signal]
        self.own_prefix = f"{_PREFIX}{signal.upper()}_"

    def look_up(self, name: str) -> tuple[str, Any]:
        """Return who speaks (an argument or a variable) and what is said, or None."""
        value = getattr(self._given, name)
        if value is not None:
            return name, value
        for prefix in (self.own_prefix, _PREFIX):
            text = self._environment.text(prefix + name.upper())
            if text is not None:
                return prefix + name.upper(), text
        return "", None


def _url(said: _Said) -> SplitResult:
    who, value = said.look_up("endpoint")
    url = checked_url(who, _DEFAULT_ENDPOINT if value is None else value)
    if who == f"{said.own_prefix}ENDPOINT":
        return url._replace(path=url.path or "/")
    # A base, to which the signal's path is added; who wrote the whole of one in code is understood, too.
    base = url.path.rstrip("/")
    if who == "endpoint":
        for path in _PATHS.values():
            if base.endswith(path):
                return url._replace(path=base.removesuffix(path) + said.path + url.path[len(base) :])
    return url._replace(path=base + said.path)


def _timeout_s(said: _Said) -> float:
    who, value = said.look_up("timeout")
    who = "timeout_s" if who == "timeout" else who
    return _DEFAULT_TIMEOUT_S if value is None else checked_timeout_s(who, value)


def _protocol(said: _Said) -> str:
    who, value = said.look_up("protocol")
    if value == "grpc":
        allowed = f"{' or '.join(_PROTOCOLS)} (gRPC is not supported yet)"
        raise refused(who, value, allowed)
    return _one_of(said, "protocol", _PROTOCOLS)


def _one_of(said: _Said, name: str, allowed: Sequence[str]) -> str:
    who, value = said.look_up(name)
    return allowed[0] if value is None else checked_choice(who, value, allowed)


def _file(said: _Said, name: str) -> str | None:
    who, value = said.look_up(name)
    return None if value is None else checked_file(who, value)


def _proxy(given: Given) -> str | None:
    return None if given.proxy is None else urlunsplit(checked_url("proxy", given.proxy))
