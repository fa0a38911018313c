"""A signal handler makes spans, and records metrics, while the thread that it interrupts does the same.

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


def program(side: Any, seconds: float, progress: str, with_metrics: bool) -> dict[str, Any]:
    """Make spans in a loop, and more of them in a handler; note each signal in a file, for who hangs."""
    measure, measured = side.measurer() if with_metrics else (lambda: None, lambda: None)
    exporter = Counting()
    side.configure(exporter, max_export_batch_size=_BATCH)
    handled = 0
    file = os.open(progress, os.O_WRONLY)

    def handler(*_: object) -> None:
        nonlocal handled
        with side.span("in the handler") as span:
            side.attribute(span, "key", "value")
            measure()
        handled += 1
        os.pwrite(file, b"%d" % handled, 0)

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, _EVERY_S, _EVERY_S)
    looped = 0
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        with side.span("in the loop") as span:
            side.attribute(span, "key", "value")
            measure()
        looped += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    flushed = side.flush(30)
    return {
        "handled": handled,
        "made": looped + handled,
        "arrived": len(exporter.spans),
        "flushed": flushed,
        "account": side.account(),
        "measured": measured(),
    }


def run(plan: Plan = QUICK) -> Figures:
    """Play it for a minute, or for five seconds; once with spans alone, once with metrics too."""
    return [
        *_figures(plan, "span", with_metrics=False),
        *_figures(plan, "span and metrics", with_metrics=True),
    ]


def _figures(plan: Plan, what: str, *, with_metrics: bool) -> Figures:
    seconds = plan.choose(60, 5)
    ours, signals = _play(seconds, with_metrics=with_metrics)
    survived = ours.exit_code == 0
    figure = Figure(
        f"{what} in a signal handler, timer of 1 ms",
        f"no deadlock in {seconds:g} s",
        _told(ours, signals, seconds),
        survived,
    )
    if plan.peer is not None:
        theirs, signals = _play(seconds, plan.peer, with_metrics=with_metrics)
        figure = figure._replace(peers=_told(theirs, signals, seconds))
    if not survived:
        return [figure]
    account, made = ours.result["account"], ours.result["made"]
    told = account["exported"] + account["queued"] + sum(account["dropped"].values())
    exact = told == made and account["exported"] == ours.result["arrived"]
    shown = f"{made:,} made, {told:,} accounted for"
    if with_metrics:
        counted, recorded = ours.result["measured"]
        exact = exact and counted == recorded == made
        shown += f", {counted:,} counted"
    return [figure, Figure(f"account of {what}", "exact", shown, exact)]


def _play(seconds: float, peer: Path | None = None, **arguments: Any) -> tuple[Outcome, int]:
    with tempfile.NamedTemporaryFile() as progress:
        who: dict[str, Any] = {} if peer is None else {"side": "peers", "python": peer}
        arguments |= {"seconds": seconds, "progress": progress.name, "timeout_s": seconds + 35}
        outcome = play("signals", **arguments, **who)
        return outcome, int(progress.read() or 0)


def _told(outcome: Outcome, signals: int, seconds: float) -> str:
    if outcome.hung:
        return f"deadlock after {signals:,} signals"
    if outcome.exit_code:
        return f"exit status {outcome.exit_code} after {signals:,} signals"
    return f"{signals:,} signals in {seconds:g} s"
