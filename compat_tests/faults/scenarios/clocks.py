"""The machine's clock is set one hour back while spans are open and while deadlines run.

Once by libfaketime (Debian's package of that name), which stands between the process and the system's
clock, so that the step is real for whatever asks for the date; and once by other `time.time` and
`time.time_ns`, which need no library. The monotonic clock goes on, as it does where a date is corrected.
"""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compat_tests.faults._exporters import Counting
from compat_tests.faults._figures import QUICK, Figure, quoted
from compat_tests.faults._process import Outcome, play

if TYPE_CHECKING:
    from collections.abc import Callable

    from compat_tests.faults._figures import Figures, Plan

_SPANS = 200
_HOUR_S = 3_600
_TIMEOUT_S = 2.0
_PATIENCE_S = 20.0
# Before anything else is imported: some modules take these functions by name. `time.step_s` is the offset.
_PRELUDE = """
import time
time.step_s = 0
time.time = lambda real=time.time: real() + time.step_s
time.time_ns = lambda real=time.time_ns: real() + time.step_s * 10**9
"""


def library() -> Path | None:
    """Return where libfaketime is, or None where it is not installed."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def program(side: Any, clock: str | None) -> dict[str, Any]:
    """Set the clock back while each of some spans is open."""
    set_back = _setter(clock)
    exporter = Counting()
    side.configure(exporter, simple=True)
    stepped_s = 0.0
    for _ in range(_SPANS):
        set_back(0)
        span = side.begin("work")
        before_s = time.time()
        set_back(_HOUR_S)
        stepped_s = time.time() - before_s
        side.end(span)
    views = [side.view(span) for span in exporter.spans]
    return {
        "stepped_s": stepped_s,
        "negative": sum(view["end_ns"] < view["start_ns"] for view in views),
        "ended": len(views),
    }


def program_of_deadlines(side: Any, endpoint: str) -> dict[str, Any]:
    """Set the clock back while a flush waits for a collector that is not ready."""
    side.configure(side.otlp(endpoint))
    with side.span("work"):
        pass
    threading.Timer(0.2, _setter(None), (_HOUR_S,)).start()
    began_s = time.monotonic()
    side.flush(_TIMEOUT_S)
    flush_s = time.monotonic() - began_s
    side.shutdown(_TIMEOUT_S)
    return {"flush_s": flush_s, "shutdown_s": time.monotonic() - began_s - flush_s}


def _setter(clock: str | None) -> Callable[[int], object]:
    """Return what sets the clock back by seconds: for libfaketime by its file, else as in the prelude."""
    if clock is None:
        return lambda seconds: setattr(time, "step_s", -seconds)
    return lambda seconds: Path(clock).write_text(f"{-seconds:+d}")


def run(plan: Plan = QUICK) -> Figures:
    """Play both programs, the first one in two ways if libfaketime is there."""
    figures = [_negative(plan, "time.time replaced", prelude=_PRELUDE, clock=None)]
    found = library()
    if found is None:
        skipped = Figure("negative durations, libfaketime", "0", "libfaketime is not installed: not played")
        return [*figures, skipped, _deadlines(plan, "is silent", silent=True)]
    with tempfile.NamedTemporaryFile("w+") as clock:
        clock.write("+0")
        clock.flush()
        variables = {
            "LD_PRELOAD": str(found),
            "FAKETIME_TIMESTAMP_FILE": clock.name,
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        figures.append(_negative(plan, "libfaketime", variables=variables, clock=clock.name))
    return [*figures, _deadlines(plan, "is silent", silent=True), _deadlines(plan, "answers 503", status=503)]


def _negative(plan: Plan, how: str, **arguments: Any) -> Figure:
    ours = play("clocks", timeout_s=_PATIENCE_S, **arguments)
    result = ours.result
    figure = Figure(
        f"negative durations, {how}",
        f"0 of {_SPANS}",
        _negatives(ours),
        bool(result)
        and result["negative"] == 0
        and result["ended"] == _SPANS
        and abs(result["stepped_s"] + _HOUR_S) < 1,
    )
    if plan.peer is None:
        return figure._replace(**quoted(f"{_SPANS} of {_SPANS}"))
    theirs = play("clocks", "peers", python=plan.peer, timeout_s=_PATIENCE_S, **arguments)
    return figure._replace(peers=_negatives(theirs))


def _negatives(outcome: Outcome) -> str:
    result = outcome.result
    return f"{result['negative']} of {result['ended']}" if result else outcome.log[-200:]


def _deadlines(plan: Plan, what: str, **collector: Any) -> Figure:
    from compat_tests.faults._collector import Collector

    with Collector(**collector) as running:
        arguments = {"endpoint": running.endpoint, "prelude": _PRELUDE, "timeout_s": _PATIENCE_S}
        ours = play("clocks.program_of_deadlines", **arguments)
        limit_s = _TIMEOUT_S + 0.25
        figure = Figure(
            f"flush({_TIMEOUT_S:g}) and shutdown({_TIMEOUT_S:g}), collector {what}",
            f"each <= {limit_s:g} s",
            _told(ours),
            bool(ours.result) and max(ours.result["flush_s"], ours.result["shutdown_s"]) <= limit_s,
        )
        if plan.peer is None:
            return figure._replace(**quoted("exporter stuck an hour"))
        theirs = play("clocks.program_of_deadlines", "peers", python=plan.peer, **arguments)
        return figure._replace(peers=_told(theirs))


def _told(outcome: Outcome) -> str:
    if outcome.hung:
        return f"not back after {_PATIENCE_S:g} s"
    result = outcome.result
    return f"{result['flush_s']:.2f} s, {result['shutdown_s']:.2f} s" if result else outcome.log[-200:]
