"""Open a connection: to the server or to a proxy, with TLS where it is asked for, through a tunnel or not."""

from __future__ import annotations

import encodings.idna  # noqa: F401 - to look up a host does this, and a child forked then never could
import socket
from typing import TYPE_CHECKING, Any

from midspan.exporters._http._answers import read_head
from midspan.exporters._http._exchange import NotSentError, is_passing
from midspan.exporters._http._incoming import BrokenAnswerError, Incoming
from midspan.exporters._http._open import load_tls
from midspan.exporters._http._originals import original
from midspan.exporters._http._route import route_to

if TYPE_CHECKING:
    from midspan.exporters._http._connection import Stream
    from midspan.exporters._http._deadline import Deadline
    from midspan.exporters._http._exchange import Endpoint
    from midspan.exporters._http._route import Place
    from midspan.exporters._http._tls import Trust

__all__ = ["Opening"]


class Opening:
    """Open streams to an endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Take where to.

        Raises:
            NotSentError: A host in it can be none.
            ValueError: Likewise.
        """
        self.route = route_to(endpoint)
        self._endpoint = endpoint
        self._trust: Trust | None = None

    def stream(self, deadline: Deadline) -> Stream:
        """Return a stream to the server, or to a proxy that takes requests in its place.

        Raises:
            NotSentError: A proxy does not open a tunnel; there is no TLS, or nobody to trust.
            OSError: Nobody answers in time, or who does is not to be trusted.
            ValueError: A certificate or a key cannot be used.
        """
        route = self.route
        nearest = route.proxy or route.place
        stream: Stream = _connect(nearest, deadline)
        try:
            if nearest.is_secure:
                stream = self._secured(stream, nearest, deadline, proves=route.proxy is None)
            if route.tunnel is not None:
                _open_tunnel(stream, route.tunnel, deadline)
                stream = self._secured(stream, route.place, deadline, proves=True)
        except BaseException:
            stream.close()
            raise
        return stream

    def _secured(self, stream: Stream, place: Place, deadline: Deadline, *, proves: bool) -> Stream:
        """Return TLS above a stream; with `proves`, a client's certificate is shown to who asks for one."""
        if self._trust is None:
            try:
                self._trust = load_tls()(self._endpoint)
            except ImportError as error:
                raise NotSentError(f"there is no TLS: {error}") from error
        return self._trust.secured(stream, place.host, deadline, proves=proves)


def _connect(place: Place, deadline: Deadline) -> socket.socket:
    """Connect to the first address that answers: however many there are, the time is given once."""
    failure: OSError = socket.gaierror(f"{place.host} has no address")
    look_up = original("socket", "getaddrinfo")
    try:
        for family, kind, protocol, _, address in look_up(place.host, place.port, type=socket.SOCK_STREAM):
            try:
                return _connected((family, kind, protocol), address, deadline)
            except OSError as error:
                failure = error
        raise failure
    finally:
        # It knows this frame, and by way of the others the body, which would stay for a while.
        del failure


def _connected(kind: tuple[int, int, int], address: Any, deadline: Deadline) -> socket.socket:  # noqa: ANN401 - as looked up
    sock: socket.socket = original("socket", "socket")(*kind)
    try:
        sock.settimeout(deadline.left_s())
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def _open_tunnel(stream: Stream, request: bytes, deadline: Deadline) -> None:
    def receive(count: int) -> bytes:
        stream.settimeout(deadline.left_s())
        return stream.recv(count)

    view = memoryview(request)
    while view:
        stream.settimeout(deadline.left_s())
        view = view[stream.send(view) :]
    incoming = Incoming(receive)
    status = read_head(incoming).status
    if not 200 <= status < 300:  # noqa: PLR2004 - success (RFC 9110, 15.3)
        raise NotSentError(f"the proxy opened no tunnel: HTTP {status}", permanent=not is_passing(status))
    if not incoming.is_empty:
        raise BrokenAnswerError("the proxy said more than that the tunnel is open")
