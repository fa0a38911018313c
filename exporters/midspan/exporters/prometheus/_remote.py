"""Put together what code and variables say about where metrics are written to, and refuse what cannot be."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlunsplit

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

__all__ = ["Given", "Remote", "read_remote"]

_PREFIX: Final = "MIDSPAN_PROMETHEUS_REMOTE_WRITE_"
_DEFAULT_ENDPOINT: Final = "http://localhost:9090/api/v1/write"
_DEFAULT_TIMEOUT_S: Final = 10.0
_PAIR: Final = 2


class Given(NamedTuple):
    """What code says; None leaves it to the variables, where there are any, and to the defaults."""

    endpoint: str | None = None
    headers: Mapping[str, str] | None = None
    basic_auth: tuple[str, str] | None = None
    bearer_token: str | None = None
    timeout_s: float | None = None
    certificate: str | os.PathLike[str] | None = None
    client_key: str | os.PathLike[str] | None = None
    client_certificate: str | os.PathLike[str] | None = None
    proxy: str | None = None


class Remote(NamedTuple):
    """Where to write to, and how many seconds one request may take."""

    endpoint: Endpoint
    timeout_s: float


def read_remote(given: Given, variables: Mapping[str, str] | None = None) -> Remote:
    """Return what holds: code before the variables before the defaults.

    Raises:
        ConfigurationError: Something cannot be; the message names it and what is allowed.
    """
    environment = Environment(variables)
    who, timeout = _said("timeout_s", given.timeout_s, environment, "TIMEOUT")
    timeout_s = _DEFAULT_TIMEOUT_S if timeout is None else checked_timeout_s(who, timeout)
    return Remote(_endpoint(given, environment), timeout_s)


def _endpoint(given: Given, environment: Environment) -> Endpoint:
    who, value = _said("endpoint", given.endpoint, environment, "ENDPOINT")
    url = checked_url(who, _DEFAULT_ENDPOINT if value is None else value, _DEFAULT_ENDPOINT)
    bare, credentials = without_credentials(url)
    headers = checked_headers(*_said("headers", given.headers, environment, "HEADERS"))
    return Endpoint(
        bare,
        {**credentials, **_authorization(given), **headers},
        _file("certificate", given.certificate),
        _file("client_certificate", given.client_certificate),
        _file("client_key", given.client_key),
        None if given.proxy is None else urlunsplit(checked_url("proxy", given.proxy)),
    )


def _authorization(given: Given) -> dict[str, str]:
    """Return the header that says who writes; the text of an error does not tell it."""
    if given.basic_auth is not None and given.bearer_token is not None:
        raise refused("bearer_token", "...", "one of basic_auth and bearer_token")
    if given.bearer_token is not None:
        return checked_headers("bearer_token", {"authorization": f"Bearer {given.bearer_token}"})
    if given.basic_auth is None:
        return {}
    if len(given.basic_auth) != _PAIR or ":" in given.basic_auth[0]:
        raise refused("basic_auth", "...", "a user without a colon and a password")
    pair = ":".join(given.basic_auth).encode()
    return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _said(name: str, given: Any, environment: Environment, variable: str) -> tuple[str, Any]:  # noqa: ANN401 - whatever a person wrote
    """Return who speaks (an argument or a variable) and what is said, or None."""
    if given is not None:
        return name, given
    return _PREFIX + variable, environment.text(_PREFIX + variable)


def _file(who: str, value: Any) -> str | None:  # noqa: ANN401 - as above
    return None if value is None else checked_file(who, value)
