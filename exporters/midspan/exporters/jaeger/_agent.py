"""Send datagrams to an agent.

Nobody acknowledges a datagram. What can be known is asked for: the system tells at once that nobody listens
on this very machine, where an agent usually runs; then the datagram is sent again later.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from typing import Any, Final

from midspan import delivery

__all__ = ["AgentLane"]

# How long the addresses of a name are believed, as the agent may move.
_ADDRESS_S: Final = 30.0


class AgentLane:
    """The way to one agent. No socket is kept, so it is safe in threads, and in a child after a fork."""

    def __init__(self, host: str, port: int) -> None:
        """Take where the agent listens; the name is looked up when something is sent."""
        self._host = host
        self._port = port
        # Addresses, and until when (monotonic seconds) they are believed.
        self._known: tuple[list[Any], float] = ([], 0.0)
        self.where = f"udp://{f'[{host}]' if ':' in host else host}:{port}"

    def deliver(self, message: bytes, timeout_s: float) -> delivery.Outcome:
        """Send a datagram, and say what became of it as far as that can be known."""
        last: OSError | None = None
        try:
            for address in self._addresses():
                try:
                    _send(address, message, timeout_s)
                    return delivery.accepted()
                except OSError as error:
                    last = error
        except OSError as error:
            last = error
        self._known = ([], 0.0)
        said = f"{self.where}: {last or 'no address'}"
        if last is not None and last.errno == errno.EMSGSIZE:
            return delivery.too_large(said)
        return delivery.retry(said)

    def _addresses(self) -> list[Any]:
        addresses, until_s = self._known
        if not addresses or time.monotonic() >= until_s:
            addresses = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)
            self._known = (addresses, time.monotonic() + _ADDRESS_S)
        return addresses

    def close(self) -> None:
        """Need not: there is nothing open."""


def _send(address: Any, message: bytes, timeout_s: float) -> None:  # noqa: ANN401 - what getaddrinfo returns
    family, kind, protocol, _, where = address
    with socket.socket(family, kind, protocol) as way:
        way.settimeout(min(max(timeout_s, 0.001), 3600.0))
        # Only a socket that is connected is told that nobody listens.
        way.connect(where)
        way.send(message)
        code = way.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
