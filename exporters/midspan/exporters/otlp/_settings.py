"""Put together what code and variables say about where a signal goes over HTTP, and refuse what cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlunsplit

from midspan.exporters._http import Endpoint, checked_headers, checked_url, without_credentials
from midspan.exporters.otlp._said import Given, Said

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

__all__ = ["Given", "Settings", "read_settings"]

_DEFAULT_ENDPOINT: Final = "http://localhost:4318"
# What a base is given, and what the whole of an endpoint ends in.
_PATHS: Final = {"traces": "/v1/traces", "metrics": "/v1/metrics"}


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
    said = Said(given, variables, signal)
    url, credentials = without_credentials(_url(said, _PATHS[signal]))
    return Settings(
        url=url,
        headers={**credentials, **checked_headers(*said.look_up("headers"))},
        timeout_s=said.timeout_s,
        compression=said.compression,
        protocol=said.protocol,
        certificate=said.file("certificate"),
        client_key=said.file("client_key"),
        client_certificate=said.file("client_certificate"),
        proxy=_proxy(given),
    )


def _url(said: Said, path: str) -> SplitResult:
    who, value = said.look_up("endpoint")
    url = checked_url(who, _DEFAULT_ENDPOINT if value is None else value)
    if who == f"{said.own_prefix}ENDPOINT":
        return url._replace(path=url.path or "/")
    # A base, to which the signal's path is added; who wrote the whole of one in code is understood, too.
    base = url.path.rstrip("/")
    if who == "endpoint":
        for known in _PATHS.values():
            if base.endswith(known):
                return url._replace(path=base.removesuffix(known) + path + url.path[len(base) :])
    return url._replace(path=base + path)


def _proxy(given: Given) -> str | None:
    return None if given.proxy is None else urlunsplit(checked_url("proxy", given.proxy))
