"""One connection: exchange a request for an answer, and know whether another one can follow."""

from __future__ import annotations

import os
import select
import struct
import sys
import time
from typing import TYPE_CHECKING, Final

from midspan.exporters._http._answers import read_answer
from midspan.exporters._http._failures import StaleError, is_hang_up
from midspan.exporters._http._incoming import BrokenAnswerError, Incoming
from midspan.exporters._http._originals import original

if TYPE_CHECKING:
    import socket

    from midspan.exporters._http._deadline import Deadline
    from midspan.exporters._http._exchange import Answer
    from midspan.exporters._http._secure import SecureStream

    Stream = socket.socket | SecureStream

__all__ = ["Connection"]

# Gateways let go of a connection that was idle for a minute, and some do so without a word.
_MOST_IDLE_S: Final = 50.0
# What is smaller than this goes out with the head, in one packet if it can.
_SMALL: Final = 64 * 1024
_REQUEST_TIMEOUT: Final = 408
# Of `struct tcp_info` in <linux/tcp.h>: the option, and where it says how many bytes were acknowledged.
_IPPROTO_TCP: Final = 6
_TCP_INFO: Final = 11
_ACKNOWLEDGED: Final = struct.Struct("=Q")
_ACKNOWLEDGED_AT: Final = 120


class Connection:
    """A stream of bytes to a server; for one exchange at a time."""

    __slots__ = ("_idle_since_s", "_is_used", "_pid", "_stream")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._is_used = False
        self._idle_since_s = 0.0
        self._pid = os.getpid()

    def exchange(self, head: bytes, body: bytes, deadline: Deadline) -> tuple[Answer, bool]:
        """Return the answer to a request, and whether another request may follow.

        Raises:
            StaleError: The server had closed this connection before it took anything of the request.
            OSError: There is no answer, or not all of it in time.
        """
        before = self._acknowledged() if self._is_used else None
        failure = self._send_all(head, body, deadline)
        incoming = Incoming(lambda count: self._receive(count, deadline))
        try:
            answer, is_kept = read_answer(incoming)
            is_kept = is_kept and failure is None
        except OSError as error:
            if self._is_used and not incoming.count and self._is_untaken(failure, error, before):
                raise StaleError from error
            # That it hung up is known by then; why, is perhaps what it has said last.
            raise failure if failure is not None and is_hang_up(error) else error from None
        finally:
            # It knows this frame, and so the body, which would stay for a while.
            del failure
        if self._is_used and answer.status == _REQUEST_TIMEOUT:
            # It has waited for a request in vain, and has not seen this one (RFC 9110, 15.5.9).
            raise StaleError
        self._is_used, self._idle_since_s = True, time.monotonic()
        return answer, is_kept

    def _send_all(self, head: bytes, body: bytes, deadline: Deadline) -> OSError | None:
        """Send a request; if the server hangs up before it has all, return how: it may have answered."""
        parts = [head + body] if len(body) < _SMALL else [head, body]
        try:
            for part in parts:
                view = memoryview(part)
                # The time is kept even by a server that takes them in small sips.
                while view:
                    self._stream.settimeout(deadline.left_s())
                    view = view[self._stream.send(view) :]
        except OSError as error:
            if not is_hang_up(error):
                raise
            return error
        return None

    def _is_untaken(self, failure: OSError | None, error: OSError, before: int | None) -> bool:
        """Say whether it is certain that the server has not acted upon the request.

        It has not if it hung up before it had all. Nor if what ended the connection (a FIN of TCP's) does not
        acknowledge a byte of the request: then the end had been sent before the request came, and whoever has
        ended what he says cannot answer. Of a reset nothing is certain; delivery is to decide.
        """
        if failure is not None:
            return True
        is_end = isinstance(error, (BrokenAnswerError, BrokenPipeError))
        return is_end and before is not None and before == self._acknowledged()

    def _receive(self, count: int, deadline: Deadline) -> bytes:
        self._stream.settimeout(deadline.left_s())
        return self._stream.recv(count)

    def is_alive(self) -> bool:
        """Say whether a request can be tried: the server has neither hung up nor said anything by itself."""
        if time.monotonic() - self._idle_since_s > _MOST_IDLE_S or self._pid != os.getpid():
            return False
        try:
            return not (getattr(self._stream, "has_more", False) or _is_readable(self._stream.fileno()))
        except (OSError, ValueError):
            return False

    def _acknowledged(self) -> int | None:
        """Return how many bytes the other side's system has acknowledged, where ours (Linux) knows."""
        if sys.platform != "linux":
            return None
        try:
            found = self._stream.getsockopt(_IPPROTO_TCP, _TCP_INFO, 256)
            return _ACKNOWLEDGED.unpack_from(found, _ACKNOWLEDGED_AT)[0]  # type: ignore[no-any-return]
        except (OSError, struct.error):
            return None

    def close(self) -> None:
        """Let go of the socket."""
        self._stream.close()

    def __del__(self) -> None:
        self.close()


def _is_readable(descriptor: int) -> bool:
    """Say whether something has come in, without waiting for it."""
    poll = original("select", "poll")
    if poll is None:
        # Windows has none, and eventlet takes it away.
        return bool(select.select([descriptor], [], [], 0)[0])
    watch = poll()
    watch.register(descriptor, select.POLLIN)
    return bool(watch.poll(0))
