"""Put together what code and variables say about where a signal goes over gRPC, and refuse what cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlunsplit

from midspan.exporters._grpc import Target, checked_address, checked_metadata
from midspan.exporters._http import checked_url
from midspan.exporters.otlp._said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from midspan.exporters._grpc import Address
    from midspan.exporters.otlp._said import Given

__all__ = ["GRPCSettings", "read_grpc_settings"]

_PORT: Final = 4317
_DEFAULT_ENDPOINT: Final = f"http://localhost:{_PORT}"


class GRPCSettings(NamedTuple):
    """Where and how to send."""

    target: Target
    # Infinite if a call may take as long as its caller allows.
    timeout_s: float
    protocol: str = "grpc"


def read_grpc_settings(
    given: Given, variables: Mapping[str, str] | None = None, signal: str = "traces"
) -> GRPCSettings:
    """Return what holds: code before the variables of the signal before those of all before the defaults.

    Raises:
        ConfigurationError: Something cannot be; the message names it, its value and what is allowed.
    """
    said = Said(given, variables, signal)
    who, value = said.look_up("endpoint")
    address = checked_address(who, _DEFAULT_ENDPOINT if value is None else value, _PORT)
    metadata = {**address.credentials, **dict(checked_metadata(*said.look_up("headers")))}
    target = Target(
        address.address,
        metadata=tuple(metadata.items()),
        compression=said.compression,
        certificate=said.file("certificate"),
        client_certificate=said.file("client_certificate"),
        client_key=said.file("client_key"),
        proxy=None if given.proxy is None else urlunsplit(checked_url("proxy", given.proxy)),
    )
    return GRPCSettings(target._replace(is_secure=_is_secure(said, address, target)), said.timeout_s)


def _is_secure(said: Said, address: Address, target: Target) -> bool:
    """Say whether to use TLS: a URL's scheme tells, before what is said of `insecure` (specification)."""
    insecure = said.insecure
    if address.is_secure is not None:
        return address.is_secure
    if insecure is not None:
        return not insecure
    # The specification has TLS wherever nobody speaks of it. On a Unix socket nobody means that, unless there
    # is a certificate.
    return not address.is_socket or bool(target.certificate or target.client_certificate)
