"""Threads and locks of the system, even where gevent or eventlet has put greenlets in their place.

An exporter may block inside a C library, and a greenlet that does so holds up every other one. So the
worker is a thread, and what wakes it is a lock, whether they came before midspan, after it, or never.
"""

from __future__ import annotations

import _thread
import sys

from midspan._forks import is_before_fork

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["TooEarlyError", "allocate_lock", "allocate_rlock", "sleep", "start_thread"]


class TooEarlyError(RuntimeError):
    """A thread must not be started before this process has forked."""


def allocate_lock() -> _thread.LockType:
    """Return an open lock."""
    lock: _thread.LockType = _original("allocate_lock")()
    return lock


def allocate_rlock() -> Any:  # noqa: ANN401 - `_thread.RLock`, which has no public type
    """Return an open lock that the thread which holds it may take again; each step of it is atomic."""
    return _original("RLock")()


def start_thread(function: Callable[[], object]) -> None:
    """Run `function` in a thread that does not keep the interpreter alive.

    Not `threading.Thread`: its `start` waits on locks, and a signal handler may be what calls this.

    Raises:
        RuntimeError: No thread can be had: too many run, or the interpreter shuts down; `TooEarlyError` says
            that there will be one once uWSGI has forked its workers.
    """
    if is_before_fork():
        raise TooEarlyError("uWSGI has not forked yet")
    _original("start_new_thread")(function, ())


def sleep(seconds: float) -> None:
    """Do nothing for a while, and let no greenlet run in this thread meanwhile.

    In a worker there is none that waits; and gevent's sleep would leave a thread in the middle of a switch,
    which brings the process down if the interpreter ends just then.
    """
    never_released = allocate_lock()
    never_released.acquire()
    never_released.acquire(timeout=max(0.0, seconds))


def _original(name: str) -> Any:  # noqa: ANN401 - one of the functions of `_thread`
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None:
        return monkey.get_original("_thread", name)
    # Under this name eventlet keeps the module as it was.
    return getattr(sys.modules.get("__original_module__thread", _thread), name)
