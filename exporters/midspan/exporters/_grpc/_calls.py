"""See to it that nobody is inside gRPC at the moment when the process forks.

gRPC comes through a fork (its library looks after its own threads), but only if no call is in progress:
with one, the child's next call hangs or aborts the process. So before a fork new calls wait at the entrance,
those in progress are given a moment to end, and what has not ended then is cancelled, to be sent again.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from midspan._forks import after_in_child
from midspan._native import allocate_lock, sleep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Call", "in_progress", "stir"]

# A collector that is well answers in less.
_GRACE_S: Final = 0.1
# Nobody is kept from forking for longer, not even by a call that cannot be cancelled.
_PATIENCE_S: Final = 1.0
# After a channel was closed or a call cancelled, gRPC's own threads are busy for a moment.
_QUIET_S: Final = 0.03
_POLL_S: Final = 0.0005


class Call:
    """A stay inside gRPC; `cancel`, once it is known, ends it soon."""

    __slots__ = ("cancel",)

    def __init__(self) -> None:
        self.cancel: Callable[[], object] | None = None


class _Calls:
    """All stays inside gRPC of this process."""

    def __init__(self) -> None:
        self.begin_anew()
        after_in_child(self.begin_anew)
        os.register_at_fork(before=self._before_fork, after_in_parent=self._let_in)

    def begin_anew(self) -> None:
        """In the child of a fork: the calls were the parent's, and so were whoever held the entrance."""
        self._entrance = allocate_lock()
        self._is_closed = False
        self._calls: set[Call] = set()
        # When gRPC's own threads were given something to do that is not a call.
        self.stirred_s = 0.0

    @contextmanager
    def in_progress(self) -> Iterator[Call]:
        """Stay inside gRPC for the time of this block; a fork that has begun is waited for."""
        call = Call()
        with self._entrance:
            calls = self._calls
            calls.add(call)
        try:
            yield call
        finally:
            calls.discard(call)

    def stir(self) -> None:
        """Note that gRPC has something to do in the background for a moment."""
        self.stirred_s = time.monotonic()

    # It sleeps as the system does: no greenlet may run between here and the fork.
    def _before_fork(self) -> None:
        # A signal handler may fork while the code that it interrupts stands in the entrance.
        self._is_closed = self._entrance.acquire(timeout=_PATIENCE_S)
        deadline_s = time.monotonic() + _GRACE_S
        while self._calls and time.monotonic() < deadline_s:
            sleep(_POLL_S)
        deadline_s = time.monotonic() + _PATIENCE_S
        while self._calls and time.monotonic() < deadline_s:
            # Again and again: one that has just begun cannot be cancelled at once.
            for call in list(self._calls):
                if call.cancel is not None:
                    call.cancel()
                    self.stir()
            sleep(_POLL_S)
        sleep(self.stirred_s + _QUIET_S - time.monotonic())

    def _let_in(self) -> None:
        if self._is_closed:
            self._is_closed = False
            self._entrance.release()


_calls: Final = _Calls()
in_progress: Final = _calls.in_progress
stir: Final = _calls.stir
