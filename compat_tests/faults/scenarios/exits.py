"""A process ends, in every way that lets it say goodbye; nothing may be left behind."""

from __future__ import annotations

import atexit
import concurrent.futures
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compat_tests.faults._figures import QUICK, Figure
from compat_tests.faults._process import play

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from compat_tests.faults._figures import Figures, Plan
    from compat_tests.faults._process import Outcome

_SPANS = 1_000
# It is asked for; the peer has nothing of the kind.
_VARIABLES = {"MIDSPAN_FLUSH_ON_SIGTERM": "true"}


class _File:
    """Write the names of spans to a file, which outlives the process."""

    name = "file"

    def __init__(self, file: str) -> None:
        self._file = Path(file)

    def export_spans(self, spans: Sequence[Any]) -> None:
        """Append a line for each."""
        with self._file.open("a") as file:
            file.writelines(f"{span.name}\n" for span in spans)

    def shutdown(self, timeout_s: float) -> None:
        """Do nothing."""


def program(side: Any, ending: str, file: str) -> dict[str, Any]:
    """Make spans, some of them at the last moment, and end."""
    side.configure(_File(file))
    _ENDINGS[ending](lambda: _work(side))
    return {}


def _work(side: Any) -> None:
    for _ in range(_SPANS):
        with side.span("work"):
            pass


def _return(work: Callable[[], None]) -> None:
    work()


def _exit(work: Callable[[], None]) -> None:
    work()
    sys.exit(3)


def _fail(work: Callable[[], None]) -> None:
    work()
    raise RuntimeError("as it was meant")


def _leave_daemon(work: Callable[[], None]) -> None:
    """End while a daemon thread runs, which the interpreter stops wherever it is."""
    work()
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()


def _leave_thread(work: Callable[[], None]) -> None:
    """End before the one thread that makes spans has begun with them."""

    def later() -> None:
        time.sleep(0.2)
        work()

    threading.Thread(target=later).start()


def _leave_executor(work: Callable[[], None]) -> None:
    """End while an executor still works."""

    def later() -> None:
        time.sleep(0.2)
        work()

    concurrent.futures.ThreadPoolExecutor(1).submit(later)


def _at_exit(work: Callable[[], None]) -> None:
    """Make the only spans in a handler of `atexit`."""
    atexit.register(work)


def _terminated(work: Callable[[], None]) -> None:
    """Be ended from outside, by the default action."""
    work()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)


def _terminated_in_order(work: Callable[[], None]) -> None:
    """Be ended from outside, with a handler of one's own."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
    _terminated(work)


def _terminated_at_once(work: Callable[[], None]) -> None:
    """Be ended from outside, with a handler that leaves nobody a chance."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(3))
    _terminated(work)


_ENDINGS = {
    "return": _return,
    "sys.exit": _exit,
    "unhandled exception": _fail,
    "daemon thread left": _leave_daemon,
    "thread outlives main": _leave_thread,
    "executor outlives main": _leave_executor,
    "spans in atexit": _at_exit,
    "SIGTERM": _terminated,
    "SIGTERM, own handler: sys.exit": _terminated_in_order,
    "SIGTERM, own handler: os._exit": _terminated_at_once,
}


# What whoever started the process sees, where that is not 0; negative for a signal.
_CODES = {
    "sys.exit": 3,
    "unhandled exception": 1,
    "SIGTERM": -signal.SIGTERM,
    "SIGTERM, own handler: sys.exit": 3,
    "SIGTERM, own handler: os._exit": 3,
}


def run(plan: Plan = QUICK) -> Figures:
    """End in each way once."""
    return [_figure(plan, ending) for ending in _ENDINGS]


def _figure(plan: Plan, ending: str) -> Figure:
    arrived, outcome = _play(ending)
    figure = Figure(
        ending,
        f"{_SPANS:,} of {_SPANS:,} arrive",
        f"{arrived:,} of {_SPANS:,}",
        arrived == _SPANS and outcome.exit_code == _CODES.get(ending, 0),
    )
    if plan.peer is None:
        return figure
    arrived, _ = _play(ending, side="peers", python=plan.peer)
    return figure._replace(peers=f"{arrived:,} of {_SPANS:,}")


def _play(ending: str, **who: Any) -> tuple[int, Outcome]:
    with tempfile.NamedTemporaryFile("r") as file:
        outcome = play("exits", timeout_s=45, variables=_VARIABLES, ending=ending, file=file.name, **who)
        return len(Path(file.name).read_text().split()), outcome
