"""Find out from its attributes whom a span called."""

from __future__ import annotations

import functools
import ipaddress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Endpoint", "remote_endpoint"]

# Attributes that name the other side, the best first, and those that tell the port beside an address
# (OpenTelemetry specification, "OpenTelemetry to Zipkin Transformation", "Remote endpoint").
_RANKED: Final = (
    ("peer.service", None),
    ("server.address", None),
    ("net.peer.name", None),
    ("network.peer.address", "network.peer.port"),
    ("server.socket.domain", None),
    ("server.socket.address", "server.socket.port"),
    ("net.sock.peer.name", None),
    ("net.sock.peer.addr", "net.sock.peer.port"),
    ("peer.hostname", None),
    ("peer.address", None),
    ("db.name", None),
)
_PORTS: Final = 1 << 16


class Endpoint(NamedTuple):
    """One side of a call: a name, or an address with its port, if that is known."""

    service_name: str = ""
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | None = None
    port: int = 0


def remote_endpoint(attributes: Mapping[str, Any]) -> Endpoint | None:
    """Return the other side, by the first attribute that tells it."""
    for name, port_name in _RANKED:
        value = attributes.get(name)
        if type(value) is str and value:
            if port_name is None:
                return Endpoint(value)
            return _at(value, _port(attributes.get(port_name)))
    return None


def _at(text: str, port: int) -> Endpoint:
    address = _address(text)
    # The path of a Unix socket, for one, is no address.
    return Endpoint(text, None, port) if address is None else Endpoint("", address, port)


@functools.lru_cache(maxsize=1024)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # Zipkin wants an IPv4 address that is written as IPv6 as what it is.
    if isinstance(address, ipaddress.IPv6Address):
        # A zone, as in fe80::1%eth0, means nothing elsewhere.
        return address.ipv4_mapped or ipaddress.IPv6Address(int(address))
    return address


def _port(value: Any) -> int:  # noqa: ANN401 - an attribute
    if type(value) is str and value.isascii() and value.isdecimal():
        value = int(value[:6])
    return value if type(value) is int and 0 < value < _PORTS else 0
