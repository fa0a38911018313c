"""Read where a channel leads, or where a call came from, as gRPC writes it.

Source: gRPC's naming document: `host:port`, `dns://authority/host:port`, `ipv4:address:port`, `unix:path`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote

__all__ = ["NOWHERE", "Peer", "read_target"]

_SCHEME: Final = re.compile(r"(dns|ipv4|ipv6|xds|passthrough|google-c2p|vsock):(?://[^/]*/)?")
_SOCKET: Final = re.compile(r"unix(?:-abstract)?:(?://)?(.*)", re.DOTALL)
_LONGEST_PORT: Final = 5


class Peer(NamedTuple):
    """The other side of a call; None for what is not known."""

    address: str | None
    port: int | None


NOWHERE: Final = Peer(None, None)


@lru_cache(maxsize=1024)
def read_target(target: str) -> Peer:
    """Return address and port. Of several addresses, the first; of a socket in the file system, its path."""
    path = _SOCKET.fullmatch(target)
    if path is not None:
        return Peer(path[1] or None, None)
    text = unquote(_SCHEME.sub("", target, count=1)).partition(",")[0]
    host, colon, port = text.rpartition(":")
    is_bare_ipv6 = ":" in host and not host.startswith("[")
    if not colon or port.endswith("]") or is_bare_ipv6:
        return Peer(text.strip("[]") or None, None)
    is_port = port.isascii() and port.isdecimal() and len(port) <= _LONGEST_PORT
    return Peer(host.strip("[]") or None, int(port) if is_port else None)
