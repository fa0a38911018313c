"""Run something when the process ends, in whichever way it ends that leaves a chance.

`atexit` serves the main process, and whatever was forked and ends in good order. Children of multiprocessing
leave by `os._exit`, which `atexit` does not see; they run multiprocessing's finalizers instead, and so do
those of billiard, Celery's variant of it. The processes of Celery's own pool run neither; they send a signal
that Celery's users know. Who calls `os._exit` by himself gives nobody a chance; for SIGTERM see `_sigterm`.
"""

from __future__ import annotations

import atexit
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from midspan._forks import after_in_child

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["at_exit"]

# Finalizers run from high to low, in two steps; the queues' own (-5), which may make spans, come first.
_LAST: Final = -1_000
_POLL_S: Final = 0.005


class _AtExit:
    """One function to run at the exit of this process and of its children."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function
        self._is_watching = False
        atexit.register(function)
        self.watch()
        after_in_child(self.watch)

    def watch(self) -> None:
        """See to it that multiprocessing, once it is there, calls us in each of its children."""
        util = sys.modules.get("multiprocessing.util")
        if util is None:
            return
        if not self._is_watching:
            self._is_watching = True
            # A child forgets all finalizers before it begins its work, and calls this then.
            util.register_after_fork(self, _AtExit._in_child)
        if _is_at_work():
            self._in_child()

    def _in_child(self) -> None:
        util: Any = sys.modules["multiprocessing.util"]
        util.Finalize(None, self._after_threads, exitpriority=_LAST)
        celery: Any = sys.modules.get("celery.signals")
        if celery is not None:
            # Not sooner: the application's receivers, connected when it was loaded, may make spans.
            celery.worker_process_shutdown.connect(self._at_celerys_end, weak=False, dispatch_uid=id(self))

    def _at_celerys_end(self, **_: object) -> None:
        self._function()

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


def _is_at_work() -> bool:
    """Say whether this process is a child that multiprocessing started, and past its preparations."""
    process: Any = sys.modules["multiprocessing.process"]
    # Not `_parent_process`, which billiard leaves as it is.
    return getattr(process.current_process(), "_parent_pid", None) is not None


_registered: list[_AtExit] = []


def at_exit(function: Callable[[], object]) -> None:
    """Run `function` at the end of this process and of its children; a second call must do no harm."""
    _registered.append(_AtExit(function))
