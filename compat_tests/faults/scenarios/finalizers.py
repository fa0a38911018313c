"""The garbage collector finds objects whose `__del__` makes spans, in whatever call it happens to run.

The collector runs when something is allocated: in the middle of what hands a span on, too.
"""

from __future__ import annotations

import gc
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from compat_tests.faults._exporters import Counting
from compat_tests.faults._figures import QUICK, Figure
from compat_tests.faults._process import play_both

if TYPE_CHECKING:
    from compat_tests.faults._figures import Figures, Plan
    from compat_tests.faults._process import Outcome

_THREADS = 4


def program(side: Any, seconds: float, with_metrics: bool) -> dict[str, Any]:
    """Make spans in some threads, and garbage that makes spans when it is found."""
    measure, measured = side.measurer() if with_metrics else (lambda: None, lambda: None)
    exporter = Counting()
    side.configure(exporter)
    # What is appended to in any thread, at any moment, without a race.
    made: deque[None] = deque()
    in_worker: deque[None] = deque()

    class Garbage:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            with side.span("in the finalizer") as span:
                is_recorded = span.is_recording()
                measure()
            (made if is_recorded else in_worker).append(None)

    def loop() -> None:
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            with side.span("in the loop"):
                Garbage()
                measure()
            made.append(None)

    gc.set_threshold(20)
    threads = [threading.Thread(target=loop) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    gc.disable()
    side.flush(30)
    return {
        "made": len(made),
        # midspan suppresses what is made in the thread of its exporter, whoever makes it.
        "made_in_worker": len(in_worker),
        "arrived": len(exporter.spans),
        "account": side.account(),
        "measured": measured(),
    }


def run(plan: Plan = QUICK) -> Figures:
    """Play it for a minute, or for five seconds; once with spans alone, once with metrics too."""
    return [_figure(plan, "span", with_metrics=False), _figure(plan, "span and metrics", with_metrics=True)]


def _figure(plan: Plan, what: str, *, with_metrics: bool) -> Figure:
    seconds = plan.choose(60, 5)
    ours, theirs = play_both(
        "finalizers", plan.peer, timeout_s=seconds + 40, seconds=seconds, with_metrics=with_metrics
    )
    made = ours.result.get("made")
    account = ours.result.get("account") or {"exported": 0, "queued": 0, "dropped": {}}
    told = account["exported"] + account["queued"] + sum(account["dropped"].values())
    exact = ours.exit_code == 0 and told == made
    if exact and with_metrics:
        counted = made + ours.result["made_in_worker"]
        exact = ours.result["measured"] == [counted, counted]
    return Figure(
        f"{what} in __del__, {_THREADS} threads",
        f"no deadlock in {seconds:g} s, exact account",
        f"{_told(ours)}, {told:,} accounted for",
        exact,
        "" if theirs is None else _told(theirs),
    )


def _told(outcome: Outcome) -> str:
    if outcome.hung:
        return "deadlock"
    if outcome.exit_code:
        return f"exit status {outcome.exit_code}"
    return f"{outcome.result['made']:,} made, {outcome.result['arrived']:,} arrived"
