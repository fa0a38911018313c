"""A process forks again and again while four of its threads make spans; each child makes spans as well.

All of them are sent over OTLP to a collector, which knows each span by its name. Children inherit
locks, connections, queues and random generators in whatever state the threads had them.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

from compat_tests.faults._figures import QUICK, Figure, quoted
from compat_tests.faults._process import play

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from compat_tests.faults._collector import Collector
    from compat_tests.faults._figures import Figures, Plan

_THREADS = 4
_SPANS_A_CHILD = 5
_PAUSE_S = 0.002
_PATIENCE_S = 20.0


def program(side: Any, forks: int, endpoint: str, protocol: str = "http/protobuf") -> dict[str, Any]:
    """Fork so many children, one after another, and say how many spans there must be of each kind."""
    side.configure(side.otlp(endpoint, protocol), max_queue_size=100_000)
    with side.span("first"):  # so that the connection is open, and its worker at work, before the first fork
        pass
    side.flush(10)
    over = threading.Event()
    counts = [0] * _THREADS

    def emit(number: int) -> None:
        while not over.is_set():
            with side.span(f"parent-{number}-{counts[number]}"):
                pass
            counts[number] += 1
            time.sleep(_PAUSE_S)

    threads = [threading.Thread(target=emit, args=(number,)) for number in range(_THREADS)]
    for thread in threads:
        thread.start()
    hung = sum(_hangs(_fork(side, number)) for number in range(forks))
    over.set()
    for thread in threads:
        thread.join()
    return {"flushed": side.flush(60), "hung": hung, "parent": counts, "children": forks}


def _fork(side: Any, number: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        for span in range(_SPANS_A_CHILD):
            with side.span(f"child-{number}-{span}"):
                pass
        status = 0 if side.flush(10) else 2
    finally:
        os._exit(status)


def _hangs(pid: int) -> bool:
    until_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until_s:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return False
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return True


def run(plan: Plan = QUICK) -> Figures:
    """Fork 1,000 times, or 100 times."""
    from compat_tests.faults._collector import Collector

    forks = int(plan.choose(1_000, 100))
    figures = _figures(forks, _play(forks, Collector))
    if plan.peer is None:
        return [figures[0]._replace(**quoted("corrupt payloads accepted, children hung")), *figures[1:]]
    theirs = _play(forks, Collector, plan.peer)
    kinds = ("hung", "corrupt", "lost", "duplicates")
    return [figure._replace(peers=_told(theirs, kind)) for figure, kind in zip(figures, kinds, strict=True)]


def _figures(forks: int, ours: dict[str, Any]) -> Figures:
    figures = [
        Figure("children that hung", "0", _told(ours, "hung"), ours["hung"] == 0),
        Figure("corrupt requests", "0", _told(ours, "corrupt"), ours["corrupt"] == 0),
        Figure("spans lost", "0", _told(ours, "lost"), ours["lost"] == 0),
        Figure("duplicate ids", "0", _told(ours, "duplicates"), ours["duplicates"] == 0),
    ]
    title = f"{forks:,} forks, {_THREADS} threads: "
    return [figures[0]._replace(what=title + figures[0].what), *figures[1:]]


def _play(
    forks: int, listen: Callable[[], Collector], peer: Path | None = None, **more: str
) -> dict[str, Any]:
    who: dict[str, Any] = more if peer is None else {"side": "peers", "python": peer, **more}
    with listen() as collector:
        outcome = play("forks", timeout_s=120 + forks * 0.5, forks=forks, endpoint=collector.endpoint, **who)
        result = outcome.result
        if not result:
            return {
                "failed": "the process hung" if outcome.hung else f"exit status {outcome.exit_code}"
            } | dict.fromkeys(("hung", "corrupt", "lost", "duplicates"))
        expected = {
            f"parent-{number}-{span}"
            for number, count in enumerate(result["parent"])
            for span in range(count)
        }
        expected |= {f"child-{child}-{span}" for child in range(forks) for span in range(_SPANS_A_CHILD)}
        return {
            "hung": result["hung"],
            "corrupt": len(collector.corrupt),
            "lost": len(expected - set(collector.names)),
            "made": len(expected),
            "duplicates": collector.duplicates,
        }


def _told(found: dict[str, Any], kind: str) -> str:
    if "failed" in found:
        return str(found["failed"])
    return f"{found[kind]:,} of {found['made']:,}" if kind == "lost" else f"{found[kind]:,}"
