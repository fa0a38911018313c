"""Connections of urllib3 that keep one deadline for a whole exchange.

A timeout of a socket bounds each wait, not their sum: a server that sends one byte a second is never too
slow for it. So before each wait the socket is given what is left of the time, while connecting, sending, and
reading the head and the body of the answer. Only looking up a host name cannot be bounded in this way.
"""

from __future__ import annotations

import contextvars
import http.client
import io
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["POOLS", "deadline"]

# Of the context rather than of the thread: greenlets of one thread have contexts of their own.
_deadline: contextvars.ContextVar[float] = contextvars.ContextVar("deadline")
_CHUNK: Final = 64 * 1024


@contextmanager
def deadline(timeout_s: float) -> Iterator[None]:
    """Let every exchange in this block end within `timeout_s` seconds."""
    token = _deadline.set(time.monotonic() + timeout_s)
    try:
        yield
    finally:
        _deadline.reset(token)


def _left_s() -> float:
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


class _Incoming(io.RawIOBase):
    """The bytes of an answer, as long as there is time."""

    def __init__(self, raw: Any, sock: socket.socket) -> None:  # noqa: ANN401 - what `makefile` has made
        self._raw = raw
        self._socket = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - a writable buffer
        self._socket.settimeout(_left_s())
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Incoming(self.fp.detach(), sock))


class _Bounded(HTTPConnection):
    """What both kinds of connection do in their own way."""

    response_class = _Response

    def _new_conn(self) -> socket.socket:
        """Connect to the first address that answers: however many there are, the time is given once."""
        host = self._dns_host.strip("[]")
        failure: OSError = socket.gaierror(f"{host} has no address")
        try:
            for family, kind, protocol, _, address in socket.getaddrinfo(
                host, self.port, type=socket.SOCK_STREAM
            ):
                sock = socket.socket(family, kind, protocol)
                try:
                    sock.settimeout(_left_s())
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    sock.connect(address)
                    # What comes next may be a handshake, which takes its timeout from here.
                    sock.settimeout(_left_s())
                except OSError as error:
                    sock.close()
                    failure = error
                else:
                    return sock
        except OSError as error:
            failure = error
        raise NewConnectionError(self, str(failure)) from failure

    def send(self, data: Any) -> None:  # noqa: ANN401 - bytes of any kind
        """Send bytes; the time is kept even by a server that takes them in small sips."""
        if self.sock is None:
            self.connect()
        view = memoryview(data)
        for at in range(0, len(view), _CHUNK):
            self.sock.settimeout(_left_s())
            super().send(view[at : at + _CHUNK])


class _BoundedTLS(_Bounded, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Bounded


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _BoundedTLS


POOLS: Final = {"http": _Pool, "https": _TLSPool}
