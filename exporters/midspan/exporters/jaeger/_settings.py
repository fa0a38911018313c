"""Put together what code and variables say about where Jaeger is, and refuse what cannot be.

The variables are those of the OpenTelemetry specification ("Jaeger Exporter", before it was removed), and
those of Jaeger's own clients.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from midspan._environment import Environment
from midspan.exporters._http import (
    Endpoint,
    checked_file,
    checked_headers,
    checked_timeout_s,
    checked_url,
    refused,
    without_credentials,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

__all__ = ["Given", "Settings", "read_settings"]

_DEFAULT_HOST: Final = "localhost"
_DEFAULT_PORT: Final = 6831
_DEFAULT_TIMEOUT_S: Final = 10.0
_MAX_PORT: Final = 65_535
_PATH: Final = "/api/traces"
_FORMAT: Final = "format=jaeger.thrift"
# The later ones count only where the earlier ones say nothing.
_VARIABLES: Final = {
    "agent_host": ("OTEL_EXPORTER_JAEGER_AGENT_HOST", "JAEGER_AGENT_HOST"),
    "agent_port": ("OTEL_EXPORTER_JAEGER_AGENT_PORT", "JAEGER_AGENT_PORT"),
    "endpoint": ("OTEL_EXPORTER_JAEGER_ENDPOINT", "JAEGER_ENDPOINT"),
    "user": ("OTEL_EXPORTER_JAEGER_USER", "JAEGER_USER"),
    "password": ("OTEL_EXPORTER_JAEGER_PASSWORD", "JAEGER_PASSWORD"),
    "auth_token": ("", "JAEGER_AUTH_TOKEN"),
    "timeout_s": ("OTEL_EXPORTER_JAEGER_TIMEOUT",),
}
_NOBODY: Final = 9
# Kubernetes describes a service named "jaeger-agent" to all pods beside it as JAEGER_AGENT_PORT=tcp://...
_OF_KUBERNETES: Final = re.compile(r"(?:tcp|udp|sctp)://.*")


class Given(NamedTuple):
    """What code says; None leaves it to the variables."""

    endpoint: str | None = None
    agent_host: str | None = None
    agent_port: int | None = None
    user: str | None = None
    password: str | None = None
    auth_token: str | None = None
    timeout_s: float | None = None
    certificate: str | os.PathLike[str] | None = None
    client_key: str | os.PathLike[str] | None = None
    client_certificate: str | os.PathLike[str] | None = None
    proxy: str | None = None


class Settings(NamedTuple):
    """Where to send: to a collector's endpoint, or where that is None to an agent."""

    endpoint: Endpoint | None
    host: str
    port: int
    # Infinite if a request may take as long as its caller allows.
    timeout_s: float


class _Said(NamedTuple):
    """Who said something (an argument or a variable), what, and how much that counts: 0 the most."""

    who: str
    value: Any
    rank: int


def read_settings(given: Given, variables: Mapping[str, str] | None = None) -> Settings:
    """Return what holds: code before OpenTelemetry's variables before Jaeger's before the defaults.

    Raises:
        ConfigurationError: Something cannot be; the message names it, its value and what is allowed.
    """
    said = {name: _look_up(name, given, Environment(variables)) for name in _VARIABLES}
    host, port, endpoint, timeout = (
        said[name] for name in ("agent_host", "agent_port", "endpoint", "timeout_s")
    )
    agent_rank = min(host.rank, port.rank)
    if endpoint.rank == agent_rank == 0:
        raise refused("endpoint", endpoint.value, "an endpoint, or agent_host and agent_port, not both")
    return Settings(
        _endpoint(given, said) if endpoint.rank <= agent_rank and endpoint.rank != _NOBODY else None,
        _DEFAULT_HOST if host.value is None else _host(host),
        _DEFAULT_PORT if port.value is None else _port(port),
        _DEFAULT_TIMEOUT_S if timeout.value is None else checked_timeout_s(timeout.who, timeout.value),
    )


def _look_up(name: str, given: Given, environment: Environment) -> _Said:
    value = getattr(given, name)
    if value is not None:
        return _Said(name, value, 0)
    for rank, variable in enumerate(_VARIABLES[name], 1):
        text = environment.text(variable)
        if text is not None and not (name == "agent_port" and _OF_KUBERNETES.fullmatch(text)):
            return _Said(variable, text, rank)
    return _Said("", None, _NOBODY)


def _host(said: _Said) -> str:
    if not isinstance(said.value, str) or not re.fullmatch(r"[^\s/@]+", said.value):
        raise refused(said.who, said.value, "the name or the address of a host, without a port")
    return said.value.strip("[]")


def _port(said: _Said) -> int:
    text = str(said.value)
    if not (text.isdecimal() and text.isascii() and 0 < int(text) <= _MAX_PORT):
        raise refused(said.who, said.value, f"a whole number from 1 to {_MAX_PORT}")
    return int(text)


def _endpoint(given: Given, said: Mapping[str, _Said]) -> Endpoint:
    who, value, _ = said["endpoint"]
    bare, credentials = without_credentials(checked_url(who, value, "http://localhost:14268/api/traces"))
    url = urlsplit(bare)
    query = url.query if "format=" in url.query else "&".join(filter(None, (url.query, _FORMAT)))
    certificate, client_certificate, client_key = (
        None if path is None else checked_file(name, path)
        for name, path in (
            ("certificate", given.certificate),
            ("client_certificate", given.client_certificate),
            ("client_key", given.client_key),
        )
    )
    proxy = None if given.proxy is None else urlunsplit(checked_url("proxy", given.proxy))
    path = _PATH if url.path in ("", "/") else url.path
    whole = urlunsplit(url._replace(path=path, query=query))
    headers = {**credentials, **_authorization(said)}
    return Endpoint(whole, headers, certificate, client_certificate, client_key, proxy)


def _authorization(said: Mapping[str, _Said]) -> dict[str, str]:
    """Return the header that says who is calling, and prove it. No value is ever shown."""
    user, password, token = (said[name] for name in ("user", "password", "auth_token"))
    rank = min(user.rank, password.rank)
    if token.rank == rank != _NOBODY:
        raise refused(token.who, "...", "a token, or a user and a password, not both")
    if token.rank < rank:
        return checked_headers(token.who, {"authorization": f"Bearer {token.value}"})
    if rank == _NOBODY:
        return {}
    if user.value is None or password.value is None:
        raise refused(user.who or password.who, "...", "a user and a password, both")
    pair = f"{user.value}:{password.value}".encode()
    return {"authorization": "Basic " + base64.b64encode(pair).decode()}
