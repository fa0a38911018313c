"""An exporter raises for one batch of ten, an error of every kind; the other nine must arrive."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from compat_tests.faults._exporters import Raising
from compat_tests.faults._figures import QUICK, Figure
from compat_tests.faults._process import play_both

if TYPE_CHECKING:
    from compat_tests.faults._figures import Figures, Plan
    from compat_tests.faults._process import Outcome

_BATCHES = 10
_SIZE = 10
_BAD = 2
_ERRORS = {
    "Exception": Exception,
    "BaseException": BaseException,
    "SystemExit": SystemExit,
    "MemoryError": MemoryError,
    "KeyboardInterrupt": KeyboardInterrupt,
    "GeneratorExit": GeneratorExit,
}


def program(side: Any, kind: str) -> dict[str, Any]:
    """Make full batches, one of them bad, each when the one before has been tried."""
    exporter = Raising(_ERRORS[kind]("no"))
    side.configure(exporter, max_export_batch_size=_SIZE, max_queue_size=_SIZE * _BATCHES)
    for batch in range(_BATCHES):
        for _ in range(_SIZE):
            with side.span("bad" if batch == _BAD else "good"):
                pass
        _wait(lambda tried=batch + 1: len(exporter.spans) + exporter.raised * _SIZE >= tried * _SIZE)
    # What is read first is what arrived without the help of a flush.
    arrived = len(exporter.spans)
    return {"arrived": arrived, "raised": exporter.raised, "account": side.account()}


def _wait(done: Any) -> None:
    until_s = time.monotonic() + 1
    while not done() and time.monotonic() < until_s:
        time.sleep(0.001)


def run(plan: Plan = QUICK) -> Figures:
    """Play it with each kind of error."""
    return [_figure(plan, kind) for kind in _ERRORS]


def _figure(plan: Plan, kind: str) -> Figure:
    ours, theirs = play_both("raising", plan.peer, kind=kind, timeout_s=60)
    good = (_BATCHES - 1) * _SIZE
    account = ours.result.get("account") or {}
    holds = (
        ours.result.get("arrived") == good
        and account["exported"] == good
        and account["dropped"] == {"export_failed": _SIZE}
        and account["queued"] == 0
    )
    return Figure(
        f"{kind} in the exporter",
        f"{good} of {good} others arrive",
        _told(ours),
        holds,
        "" if theirs is None else _told(theirs),
    )


def _told(outcome: Outcome) -> str:
    arrived = outcome.result.get("arrived")
    return f"{arrived} of {(_BATCHES - 1) * _SIZE}" if arrived is not None else outcome.log[-200:]
