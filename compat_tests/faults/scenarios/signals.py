"""A signal handler makes spans while the thread that it interrupts makes spans.

The handler may come at any moment of any call, also in the middle of what hands a span on. Where that takes
a lock, the handler waits for it for ever: its holder is the very thread that it interrupted.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from typing import TYPE_CHECKING, Any

from compat_tests.faults._exporters import Counting
from compat_tests.faults._figures import QUICK, Figure
from compat_tests.faults._process import play

if TYPE_CHECKING:
    from pathlib import Path

    from compat_tests.faults._figures import Figures, Plan
    from compat_tests.faults._process import Outcome

_EVERY_S = 0.001
# Small, so that the worker is woken often: that is where a lock may be.
_BATCH = 8
_MUST = "no deadlock in {seconds:g} s"


def program(side: Any, seconds: float, progress: str) -> dict[str, Any]:
    """Make spans in a loop, and more of them in a handler; note each signal in a file, for who hangs."""
    exporter = Counting()
    side.configure(exporter, max_export_batch_size=_BATCH)
    handled = 0
    file = os.open(progress, os.O_WRONLY)

    def handler(*_: object) -> None:
        nonlocal handled
        with side.span("in the handler") as span:
            side.attribute(span, "key", "value")
        handled += 1
        os.pwrite(file, b"%d" % handled, 0)

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, _EVERY_S, _EVERY_S)
    looped = 0
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        with side.span("in the loop") as span:
            side.attribute(span, "key", "value")
        looped += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    flushed = side.flush(30)
    return {
        "handled": handled,
        "made": looped + handled,
        "arrived": len(exporter.spans),
        "flushed": flushed,
        "account": side.account(),
    }


def run(plan: Plan = QUICK) -> Figures:
    """Play it for a minute, or for five seconds."""
    seconds = plan.choose(60, 5)
    ours, signals = _play(seconds)
    survived = not ours.hung and ours.exit_code == 0
    figures = [
        Figure(
            "span in a signal handler, timer of 1 ms",
            _MUST.format(seconds=seconds),
            _told(ours, signals, seconds),
            survived,
        )
    ]
    if survived:
        account = ours.result["account"]
        told = account["exported"] + account["queued"] + sum(account["dropped"].values())
        exact = told == ours.result["made"] and account["exported"] == ours.result["arrived"]
        figures.append(
            Figure("account of them", "exact", f"{ours.result['made']:,} made, {told:,} accounted for", exact)
        )
    if plan.peer is not None:
        theirs, signals = _play(seconds, plan.peer)
        figures[0] = figures[0]._replace(peers=_told(theirs, signals, seconds))
    return figures


def _play(seconds: float, peer: Path | None = None) -> tuple[Outcome, int]:
    with tempfile.NamedTemporaryFile() as progress:
        who: dict[str, Any] = {} if peer is None else {"side": "peers", "python": peer}
        outcome = play("signals", timeout_s=seconds + 35, seconds=seconds, progress=progress.name, **who)
        return outcome, int(progress.read() or 0)


def _told(outcome: Outcome, signals: int, seconds: float) -> str:
    if outcome.hung:
        return f"deadlock after {signals:,} signals"
    if outcome.exit_code:
        return f"exit status {outcome.exit_code} after {signals:,} signals"
    return f"{signals:,} signals in {seconds:g} s"
