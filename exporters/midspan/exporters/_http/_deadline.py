"""One deadline for a whole exchange.

A timeout of a socket bounds each wait, not their sum: a server that sends one byte a second is never too
slow for it. So before each wait the socket is given what is left of the time, while connecting, shaking
hands, sending, and reading. Only looking up a host name cannot be bounded in this way.
"""

from __future__ import annotations

import time

__all__ = ["Deadline"]


class Deadline:
    """A moment, `timeout_s` seconds from now, by which everything must be done."""

    __slots__ = ("_end_s",)

    def __init__(self, timeout_s: float) -> None:
        self._end_s = time.monotonic() + timeout_s

    def left_s(self) -> float:
        """Return the seconds that are left.

        Raises:
            TimeoutError: There are none.
        """
        left_s = self._end_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("timed out")
        return left_s
