"""Put together what code and variables say about where the agent is, and refuse what cannot be.

OpenCensus's own exporters read no variable. `OC_AGENT_HOST` is what those who deployed applications of
OpenCensus agreed on (Linkerd's tracing, for one): a host, mostly with a port.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlunsplit

from midspan._environment import Environment
from midspan.exporters._grpc import Target, checked_address, checked_metadata
from midspan.exporters._http import checked_choice, checked_file, checked_timeout_s, checked_url

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from midspan.exporters._grpc import Address

__all__ = ["Given", "Settings", "read_settings"]

_PREFIX: Final = "MIDSPAN_OPENCENSUS_AGENT_"
_CUSTOMARY: Final = "OC_AGENT_HOST"
_PORT: Final = 55_678
_DEFAULT_ENDPOINT: Final = f"localhost:{_PORT}"
_DEFAULT_TIMEOUT_S: Final = 10.0
_COMPRESSIONS: Final = ("none", "gzip")
_FILES: Final = ("certificate", "client_certificate", "client_key")


class Given(NamedTuple):
    """What code says; None leaves it to the variables, where there are any, and to the defaults."""

    endpoint: str | None = None
    insecure: bool | None = None
    headers: Mapping[str, str | bytes] | None = None
    timeout_s: float | None = None
    compression: str | None = None
    certificate: str | os.PathLike[str] | None = None
    client_key: str | os.PathLike[str] | None = None
    client_certificate: str | os.PathLike[str] | None = None
    proxy: str | None = None


class Settings(NamedTuple):
    """Where to send, and how many seconds one request may take: infinite if as long as its caller allows."""

    target: Target
    timeout_s: float


def read_settings(given: Given, variables: Mapping[str, str] | None = None) -> Settings:
    """Return what holds: code before our own variables before `OC_AGENT_HOST` before the defaults.

    Raises:
        ConfigurationError: Something cannot be; the message names it, its value and what is allowed.
    """
    environment = Environment(variables)
    address = _address(given.endpoint, environment)
    files = {
        name: None if path is None else checked_file(name, path)
        for name, path in ((name, getattr(given, name)) for name in _FILES)
    }
    metadata: dict[str, str | bytes] = dict(address.credentials)
    metadata.update(checked_metadata(*_said("headers", given.headers, environment)))
    target = Target(
        address.address,
        _is_secure(address, given.insecure, has_files=any(files.values())),
        tuple(metadata.items()),
        _COMPRESSIONS[0]
        if given.compression is None
        else checked_choice("compression", given.compression, _COMPRESSIONS),
        **files,
        proxy=None if given.proxy is None else urlunsplit(checked_url("proxy", given.proxy)),
    )
    who, timeout = _said("timeout_s", given.timeout_s, environment)
    return Settings(target, _DEFAULT_TIMEOUT_S if timeout is None else checked_timeout_s(who, timeout))


def _address(endpoint: str | None, environment: Environment) -> Address:
    who, value = _said("endpoint", endpoint, environment)
    if value is None:
        who, value = _CUSTOMARY, environment.text(_CUSTOMARY)
    return checked_address(who, _DEFAULT_ENDPOINT if value is None else value, _PORT)


def _is_secure(address: Address, insecure: bool | None, *, has_files: bool) -> bool:  # noqa: FBT001 - an argument's value
    """Say whether to use TLS: a URL says it, or an argument; else who names a certificate wants it."""
    if address.is_secure is not None:
        return address.is_secure
    return has_files if insecure is None else not insecure


def _said(name: str, given: Any, environment: Environment) -> tuple[str, Any]:  # noqa: ANN401 - whatever a person wrote
    """Return who speaks (an argument or a variable) and what is said, or None."""
    if given is not None:
        return name, given
    variable = _PREFIX + name.removesuffix("_s").upper()
    return variable, environment.text(variable)
