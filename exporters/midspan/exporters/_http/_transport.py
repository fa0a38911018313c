"""Send requests over HTTP/1.1, with sockets of the standard library and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan.exporters._http._connection import Connection
from midspan.exporters._http._deadline import Deadline
from midspan.exporters._http._exchange import NotSentError
from midspan.exporters._http._failures import StaleError, not_sent
from midspan.exporters._http._opening import Opening
from midspan.exporters._threads import away_from_greenlets

if TYPE_CHECKING:
    from midspan.exporters._http._exchange import Answer, Endpoint, Request

__all__ = ["HTTPTransport"]

_DAY_S: Final = 86_400.0
_MOST_IDLE: Final = 10


class HTTPTransport:
    """Exchange requests for answers over kept connections. Safe in threads, and in a child after a fork.

    Nothing that the environment says about HTTP in general can replace what is configured here: no ~/.netrc,
    no proxy variables; REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE count only if no certificate is configured.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._opening: Opening | None = None
        # Each step on it is atomic, so there is no lock that a fork could find taken.
        self._idle: list[Connection] = []
        self._is_closed = False

    def send(self, request: Request, timeout_s: float) -> Answer:
        """Exchange a request for an answer within `timeout_s` seconds, looking up the host name aside.

        Raises:
            NotSentError: There was no answer, or not all of it within the time.
        """
        if self._is_closed:
            raise NotSentError("the exporter was shut down", permanent=True)
        timeout_s = min(timeout_s, _DAY_S)
        deadline = Deadline(timeout_s)
        answer = away_from_greenlets(lambda: self._try(request, deadline))
        try:
            if isinstance(answer, (OSError, ValueError)):
                raise not_sent(answer, timeout_s) from answer
            if isinstance(answer, BaseException):
                raise answer
            return answer
        finally:
            # An error knows this frame, and so the body, which would stay for a while.
            del answer

    def _try(self, request: Request, deadline: Deadline) -> Answer | BaseException:
        """Return what came of a request; it may be another thread that raises what is raised."""
        try:
            return self._send(request, deadline)
        except BaseException as error:  # noqa: BLE001 - as said
            return error

    def _send(self, request: Request, deadline: Deadline) -> Answer:
        opening = self._opening
        if opening is None:
            opening = self._opening = Opening(self._endpoint)
        head = opening.route.head(request)
        kept = self._take_idle()
        if kept is not None:
            try:
                return self._exchange(kept, head, request.body, deadline)
            except StaleError:
                # Nobody has seen it: sending it once more is sending it once.
                pass
        return self._exchange(Connection(opening.stream(deadline)), head, request.body, deadline)

    def _exchange(self, connection: Connection, head: bytes, body: bytes, deadline: Deadline) -> Answer:
        is_kept = False
        try:
            answer, is_kept = connection.exchange(head, body, deadline)
        finally:
            if is_kept and len(self._idle) < _MOST_IDLE:
                self._idle.append(connection)
            else:
                connection.close()
        if self._is_closed:
            # Since this began; whoever closes has not seen the connection.
            self.close()
        return answer

    def _take_idle(self) -> Connection | None:
        """Return a connection that can be tried; those that cannot, a parent's among them, are let go."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if connection.is_alive():
                return connection
            connection.close()

    def close(self) -> None:
        """Close every connection; what is sent from now on is refused."""
        self._is_closed = True
        while self._idle:
            try:
                self._idle.pop().close()
            except IndexError:
                return
