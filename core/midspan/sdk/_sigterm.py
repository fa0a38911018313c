"""Export what waits when SIGTERM comes, and leave to the application what SIGTERM means.

Python runs the handler of a signal in the main thread, between any two steps of what that thread was doing.
So this one exports nothing itself, and takes no lock that anybody else may hold: a thread does that.

If the application has a handler of its own, that is called at once, for it may stand in an event loop; the
process then ends in its own order, and flushes as it does. If it has none, the process would be dead by now:
the handler waits until all is exported, or the time for it is over, and lets the default action follow.

Servers put handlers in place of others, before or after `configure()`, put back what was there when they end,
and send themselves the signal once more (uvicorn does all of it). So while this is on, `signal.signal` and
`signal.getsignal` tell of the application's handler, and ours stays where it is.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn

from midspan import _trouble
from midspan._native import allocate_lock, start_thread

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["turn_off", "turn_on"]

_set: Final = signal.signal
_get: Final = signal.getsignal
# The kernel spares it the default action.
_INIT: Final = 1


class _Guard:
    """What is to be done, and the handler that the application believes to be in place."""

    flush: Callable[[], object] | None = None
    finish: Callable[[], object] | None = None
    timeout_s = 0.0
    theirs: Any = signal.SIG_DFL
    is_ending = False


_guard: Final = _Guard()


def turn_on(flush: Callable[[], object], finish: Callable[[], object], timeout_s: float) -> None:
    """Let SIGTERM begin a `flush`, or, where it kills, wait for `finish`, for `timeout_s` seconds at most.

    Only the main thread can do this; in another one it is reported and left.
    """
    if "uwsgi" in sys.modules:
        return  # Its own handlers are unknown to Python; they end its workers in good order.
    if _get(signal.SIGTERM) is None:
        _trouble.report("sigterm.foreign", "SIGTERM has a handler that is not Python's: it flushes nothing")
        return
    try:
        _take_over(_get(signal.SIGTERM))
    except ValueError as error:
        message = "SIGTERM flushes nothing: configure() was not called in the main thread"
        _trouble.report("sigterm.thread", message, error=error)
        return
    _guard.flush, _guard.finish, _guard.timeout_s = flush, finish, timeout_s
    if signal.signal is not _signal:
        signal.signal, signal.getsignal = _signal, _getsignal


def turn_off() -> None:
    """Give SIGTERM back to the application, as far as this thread can."""
    _guard.flush = _guard.finish = None
    if signal.signal is _signal:
        signal.signal, signal.getsignal = _set, _get
    try:
        if _get(signal.SIGTERM) is _on_sigterm:
            _set(signal.SIGTERM, _guard.theirs)
    except ValueError:
        pass  # Not in the main thread: ours stays, and does what theirs would.


def _take_over(theirs: Any) -> None:  # noqa: ANN401 - a function, or one of signal's two constants
    if theirs is not _on_sigterm:
        # Whoever ignores the signal wants that of the processes, too, that it starts.
        _set(signal.SIGTERM, theirs if theirs is signal.SIG_IGN else _on_sigterm)
        _guard.theirs = theirs


def _signal(signalnum: int, handler: Any) -> Any:  # noqa: ANN401 - as the original has it
    """Do as `signal.signal` does, and keep SIGTERM."""
    if signalnum != signal.SIGTERM or not (callable(handler) or handler in (signal.SIG_DFL, signal.SIG_IGN)):
        return _set(signalnum, handler)
    before = _getsignal(signalnum)
    _take_over(signal.Handlers(handler) if isinstance(handler, int) else handler)
    return before


def _getsignal(signalnum: int) -> Any:  # noqa: ANN401 - as the original has it
    """Do as `signal.getsignal` does, and tell of the application's handler."""
    handler = _get(signalnum)
    return _guard.theirs if handler is _on_sigterm else handler


def _on_sigterm(number: int, frame: Any) -> None:  # noqa: ANN401 - a frame
    theirs = _guard.theirs
    if callable(theirs):
        _begin(_guard.flush)
        _call(theirs, number, frame)
    elif os.getpid() == _INIT:
        _begin(_guard.flush)
    else:
        # Who sends it twice is in a hurry.
        if not _guard.is_ending:
            _guard.is_ending = True
            _wait_for(_guard.finish)
        _set(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def _call(theirs: Callable[[int, Any], object], number: int, frame: Any) -> None:  # noqa: ANN401 - a frame
    """Call the application's handler; if all it does is `os._exit`, that gives nobody else a chance."""
    leave = os._exit

    def leave_in_order(status: int) -> NoReturn:
        _wait_for(_guard.finish)
        leave(status)

    os._exit = leave_in_order
    try:
        theirs(number, frame)
    finally:
        os._exit = leave


def _begin(work: Callable[[], object] | None) -> None:
    if work is not None:
        # Where no thread can be had, the interpreter has begun to end, and the pipeline with it.
        with contextlib.suppress(RuntimeError):
            start_thread(work)


def _wait_for(work: Callable[[], object] | None) -> None:
    if work is None:
        return
    done = allocate_lock()
    done.acquire()

    def run() -> None:
        try:
            work()
        finally:
            done.release()

    try:
        start_thread(run)
    except RuntimeError:  # As above: this waits for that end.
        run()
    done.acquire(timeout=_guard.timeout_s)
