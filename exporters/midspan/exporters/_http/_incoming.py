"""The bytes that come in over a connection, by lines and by count, with a bound on what is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BrokenAnswerError", "Incoming"]

_CHUNK: Final = 16 * 1024


class BrokenAnswerError(ConnectionError):
    """What came is no answer, or not all of one."""


class Incoming:
    """Hand out what `receive` gets; it is asked for some bytes at most, and returns none at the end."""

    __slots__ = ("_ahead", "_receive", "count")

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive
        # Received, and not handed out.
        self._ahead = bytearray()
        self.count = 0

    @property
    def is_empty(self) -> bool:
        """Whether all that was received has been handed out."""
        return not self._ahead

    def begins_with(self, beginning: bytes) -> bool:
        """Say whether what comes next begins so; wait for no more than it takes to know.

        Raises:
            BrokenAnswerError: The connection ends before that.
        """
        while beginning.startswith(self._ahead):
            if len(self._ahead) >= len(beginning):
                return True
            self._more()
        return self._ahead.startswith(beginning)

    def line(self, limit: int) -> bytes:
        """Return a line, without what ends it.

        Raises:
            BrokenAnswerError: There is no end within `limit` bytes, or at all.
        """
        seen = 0
        while (end := self._ahead.find(b"\n", seen, limit)) < 0:
            seen = len(self._ahead)
            if seen >= limit:
                raise BrokenAnswerError("the head of the answer has no end")
            self._more()
        line = self._take(end + 1)
        return line[:-2] if line.endswith(b"\r\n") else line[:-1]

    def exactly(self, count: int) -> bytes:
        """Return so many bytes.

        Raises:
            BrokenAnswerError: There are not so many.
        """
        while len(self._ahead) < count:
            self._more()
        return self._take(count)

    def until_end(self, limit: int) -> bytes:
        """Return all that comes until the connection ends, or `limit` bytes of it."""
        while len(self._ahead) < limit and self._fill():
            pass
        return self._take(limit)

    def _more(self) -> None:
        if not self._fill():
            raise BrokenAnswerError("the answer breaks off" if self.count else "the server hung up")

    def _fill(self) -> bool:
        received = self._receive(_CHUNK)
        self._ahead += received
        self.count += len(received)
        return bool(received)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._ahead[:count])
        del self._ahead[:count]
        return taken
