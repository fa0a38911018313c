"""Begin anew in a forked child, also where nobody tells the interpreter that there was a fork.

uWSGI forks its workers in C, after it has loaded the application. Unless it is told otherwise
(`py-call-uwsgi-fork-hooks`, or `lazy-apps`, with which there is nothing to begin anew), what
`os.register_at_fork` was given does not run there; uWSGI's own hook does.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

__all__ = ["after_in_child", "has_frozen_threads", "hook_into", "is_before_fork"]

_functions: Final[list[Callable[[], object]]] = []
_pid = os.getpid()


def after_in_child(function: Callable[[], object]) -> None:
    """Call `function` in every forked child, in the order of registration; it cannot be taken back."""
    _functions.append(function)
    os.register_at_fork(after_in_child=function)


def is_before_fork() -> bool:
    """Say whether uWSGI loads the application in a process that it will fork without telling the interpreter.

    A thread that waits for the interpreter's lock at that moment leaves the lock broken in the child, which
    then hangs; so there must be no thread.
    """
    uwsgi: Any = sys.modules.get("uwsgi")
    if uwsgi is None:
        return False
    if not hasattr(uwsgi, "worker_id"):
        # It is about to begin: the command line has put this in its place.
        return True
    # Each worker and mule has a number once it is forked. A uWSGI may be built without spoolers.
    is_spooler = getattr(uwsgi, "i_am_the_spooler", bool)
    return not (uwsgi.worker_id() or uwsgi.mule_id() or is_spooler())


def has_frozen_threads() -> bool:
    """Say whether uWSGI lets other threads run only while it answers a request (an old one, unless told)."""
    return not getattr(sys.modules.get("uwsgi"), "has_threads", True)


def _note_pid() -> None:
    global _pid  # noqa: PLW0603 - which process this is
    _pid = os.getpid()


def _forked_by_uwsgi() -> None:
    # It calls a worker's hook also where the interpreter was told, or where there was no fork at all.
    if _pid != os.getpid():
        _note_pid()
        for function in _functions:
            function()


def hook_into(uwsgi: Any) -> None:  # noqa: ANN401 - a module that exists in uWSGI only
    """Have uWSGI call us after a fork, beside whoever else wants to be called."""
    earlier = getattr(uwsgi, "post_fork_hook", None)
    try:
        # Part of uWSGI. Imported later, by the application, it would put its own hook in place of ours.
        decorators: Any = __import__("uwsgidecorators")
    except Exception:  # noqa: BLE001 - it raises a bare Exception where no master process runs
        uwsgi.post_fork_hook = _chained(earlier)
        return
    if earlier is not None and earlier is not decorators.postfork_chain_hook:
        decorators.postfork_chain.insert(0, earlier)
    decorators.postfork_chain.insert(0, _forked_by_uwsgi)


def _chained(earlier: Callable[[], object] | None) -> Callable[[], None]:
    def hook() -> None:
        _forked_by_uwsgi()
        if earlier is not None:
            earlier()

    return hook


os.register_at_fork(after_in_child=_note_pid)
if "uwsgi" in sys.modules:
    hook_into(sys.modules["uwsgi"])
