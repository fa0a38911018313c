"""TLS above a stream: above a socket, or above TLS, to a collector behind a proxy that speaks it itself.

With `ssl.SSLSocket` the second would not go; nor would the first, once gevent has put its own class there.
"""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING, Any, Final, TypeVar

from midspan.exporters._http._deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.exporters._http._connection import Stream

__all__ = ["SecureStream"]

T = TypeVar("T")

_CHUNK: Final = 32 * 1024


class SecureStream:
    """What a socket does, as far as a connection asks for it. Each call keeps the timeout as a whole."""

    def __init__(self, outer: Stream, context: ssl.SSLContext, host: str) -> None:
        self._outer = outer
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._to_send, server_hostname=host)
        self._timeout_s = 0.0

    def settimeout(self, timeout_s: float) -> None:
        """Bound each of the calls that follow."""
        self._timeout_s = timeout_s

    def do_handshake(self) -> None:
        """Agree on keys with a server that is the one it should be; raises `ssl.SSLError` if it is not."""
        self._run(self._tls.do_handshake)

    def send(self, data: bytes | memoryview) -> int:
        """Send some bytes, and return how many."""
        return self._run(lambda: self._tls.write(data))

    def recv(self, count: int) -> bytes:
        """Return some bytes, up to so many; none at the end."""
        try:
            return self._run(lambda: self._tls.read(count))
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""

    @property
    def has_more(self) -> bool:
        """Whether something has come that nobody has asked for yet; a socket's descriptor does not tell."""
        return self._received.pending > 0 or self._tls.pending() > 0

    def _run(self, step: Callable[[], T]) -> T:
        deadline = Deadline(self._timeout_s)
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush(deadline)
                self._outer.settimeout(deadline.left_s())
                received = self._outer.recv(_CHUNK)
                if received:
                    self._received.write(received)
                else:
                    self._received.write_eof()
            except ssl.SSLError:
                # What is wrong, the other side is told as well.
                with contextlib.suppress(OSError):
                    self._flush(deadline)
                raise
            else:
                self._flush(deadline)
                return result

    def _flush(self, deadline: Deadline) -> None:
        view = memoryview(self._to_send.read())
        while view:
            self._outer.settimeout(deadline.left_s())
            view = view[self._outer.send(view) :]

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._outer.fileno()

    def getsockopt(self, *args: Any) -> Any:  # noqa: ANN401 - as a socket's
        """Return what the system says of the socket below."""
        return self._outer.getsockopt(*args)

    def close(self) -> None:
        """Let go of the socket below."""
        self._outer.close()
