"""Run something when the process ends, in whichever way it ends that leaves a chance.

`atexit` serves the main process. Children of multiprocessing that were forked leave by `os._exit`, which
`atexit` does not see; they run multiprocessing's finalizers instead. billiard, Celery's copy of it, likewise.
What ends by a signal, or calls `os._exit` itself, gives nobody a chance.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["at_exit"]

_LIBRARIES: Final = ("multiprocessing", "billiard")
# Finalizers run from high to low, in two steps; the queues' own (-5), which may make spans, come first.
_LAST: Final = -1_000
_POLL_S: Final = 0.005


class _AtExit:
    """One function to run at the exit of this process and of its children."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function
        self._watched: set[str] = set()
        atexit.register(function)
        self.watch()
        os.register_at_fork(after_in_child=self.watch)

    def watch(self) -> None:
        """See to it that multiprocessing, once it is there, calls us in each of its children."""
        for library in _LIBRARIES:
            util = sys.modules.get(f"{library}.util")
            if util is None:
                continue
            if library not in self._watched:
                self._watched.add(library)
                # A child forgets all finalizers before it begins its work, and calls this then.
                util.register_after_fork(self, _AtExit._in_child)
            if _is_at_work(library):
                self._finalize(util)

    def _in_child(self) -> None:
        for library in self._watched:
            if _is_at_work(library):
                self._finalize(sys.modules[f"{library}.util"])

    def _finalize(self, util: Any) -> None:  # noqa: ANN401 - a module
        util.Finalize(None, self._after_threads, exitpriority=_LAST)

    def _after_threads(self) -> None:
        """Run the function: after the last of the threads that the child will wait for, if there are any."""
        if _others():
            threading.Thread(target=self._wait_for_threads, name="midspan-exit").start()
        else:
            self._function()

    def _wait_for_threads(self) -> None:
        # Not `join`: those of an executor end only once the main thread tells them to, a little later.
        while _others():
            time.sleep(_POLL_S)
        self._function()


def _others() -> bool:
    """Say whether a thread is left that the process waits for, beside this and the main one."""
    spared = (threading.current_thread(), threading.main_thread())
    return any(not thread.daemon and thread not in spared for thread in threading.enumerate())


def _is_at_work(library: str) -> bool:
    """Say whether this process is a child that `library` started, and past its preparations."""
    process = sys.modules.get(f"{library}.process")
    return getattr(process, "_parent_process", None) is not None


_registered: list[_AtExit] = []


def at_exit(function: Callable[[], object]) -> None:
    """Run `function` at the end of this process and of its children; a second call must do no harm."""
    _registered.append(_AtExit(function))
