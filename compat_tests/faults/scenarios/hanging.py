"""A collector does not answer: a flush, a shutdown, an exit and the next span must not care."""

from __future__ import annotations

import os
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compat_tests.faults._exporters import Counting, Hanging
from compat_tests.faults._figures import QUICK, Figure
from compat_tests.faults._process import play_both

if TYPE_CHECKING:
    from concurrent.futures import Future

    from compat_tests.faults._figures import Figures, Plan
    from compat_tests.faults._process import Outcome

_TIMEOUT_S = 2.0
_SLACK_S = 0.25
_EXIT_S = 5.0
_MOST_LINES = 2
# They wait, and nothing else.
_AT_ONCE = 3
_PATIENCE_S = 60.0


def program(side: Any, verb: str, endpoint: str | None, protocol: str = "http/protobuf") -> dict[str, Any]:
    """Flush, or shut down, with two seconds to do it in; without an endpoint the exporter itself hangs."""
    side.configure(side.otlp(endpoint, protocol) if endpoint else Hanging(), max_export_batch_size=1)
    for _ in range(2):
        with side.span("work"):
            pass
    began_s = time.monotonic()
    answer = getattr(side, verb)(_TIMEOUT_S)
    return {"took_s": time.monotonic() - began_s, "answer": answer}


def program_of_exit(side: Any, endpoint: str | None, protocol: str = "http/protobuf") -> dict[str, Any]:
    """Come to the last statement with a span that nobody takes."""
    side.configure(side.otlp(endpoint, protocol) if endpoint else Hanging())
    with side.span("work"):
        pass
    return {}


def program_that_hangs(side: Any, file: str) -> None:
    """Hang for good, with a child that does the same: what plays this program must end both."""
    side.configure()
    child = os.fork()
    if child:
        Path(file).write_text(str(child))
    threading.Event().wait()


def program_of_latency(side: Any, rounds: int, spans: int) -> dict[str, Any]:
    """Time spans, in turn with an exporter that is well and one that hangs: p99 in nanoseconds."""
    found: dict[str, list[float]] = {"healthy": [], "hanging": []}
    for _ in range(rounds):
        for name, p99s_ns in found.items():
            hanging = Hanging()
            side.configure(Counting() if name == "healthy" else hanging)
            p99s_ns.append(_time(side, spans))
            # So that the next configuration need not wait for it.
            hanging.release.set()
    return found


def _time(side: Any, spans: int) -> float:
    now_ns = time.perf_counter_ns
    took_ns = []
    for number in range(spans):
        began_ns = now_ns()
        with side.span("work"):
            pass
        took_ns.append(now_ns() - began_ns)
        if not number % 50:
            time.sleep(0.0005)
    return statistics.quantiles(took_ns, n=100)[98]


def run(plan: Plan = QUICK) -> Figures:
    """Hang at a flush, at a shutdown, at the exit, and under load."""
    from compat_tests.faults._collector import Collector, Reply, free_port

    alone, nobody = plan._replace(peer=None), f"http://127.0.0.1:{free_port()}"
    drip = Reply(body=bytes(1_000), drip_s=1)
    with (
        Collector(silent=True) as silent,
        Collector(reply=lambda _: drip) as dripping,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        played = [
            *_deadlines(pool, plan, "collector silent", silent.endpoint),
            pool.submit(_deadline, plan, "flush", "a byte a second", dripping.endpoint),
            # One wait as long as a patience is enough to know the peer.
            pool.submit(_deadline, alone, "shutdown", "a byte a second", dripping.endpoint),
            pool.submit(_exit, plan, "nobody listens", nobody),
            # An exporter that hangs in a call of its own cannot be talked into a timeout by anybody.
            *_deadlines(pool, alone, "exporter hangs", None),
        ]
        figures = [future.result() for future in played]
    return [*figures, _latency(plan)]


def _deadlines(
    pool: ThreadPoolExecutor, plan: Plan, what: str, endpoint: str | None, **more: str
) -> list[Future[Figure]]:
    return [
        pool.submit(_deadline, plan, "flush", what, endpoint, **more),
        pool.submit(_deadline, plan, "shutdown", what, endpoint, **more),
        pool.submit(_exit, plan, what, endpoint, **more),
    ]


def _deadline(plan: Plan, verb: str, what: str, endpoint: str | None, **more: str) -> Figure:
    arguments = {"verb": verb, "endpoint": endpoint, **more}
    ours, theirs = play_both("hanging", plan.peer, timeout_s=_PATIENCE_S, **arguments)
    return Figure(
        f"{verb}({_TIMEOUT_S:g}), {what}",
        f"<= {_TIMEOUT_S + _SLACK_S:g} s, False",
        _told(ours),
        bool(ours.result)
        and ours.result["took_s"] <= _TIMEOUT_S + _SLACK_S
        and ours.result["answer"] is False,
        "" if theirs is None else _told(theirs),
    )


def _told(outcome: Outcome) -> str:
    if not outcome.result:
        return f"not back after {_PATIENCE_S:g} s" if outcome.hung else outcome.log[-200:]
    answer = outcome.result["answer"]
    return f"{outcome.result['took_s']:.2f} s" + ("" if answer is None else f", {answer}")


def _exit(plan: Plan, what: str, endpoint: str | None, **more: str) -> Figure:
    arguments = {"endpoint": endpoint, **more}
    ours, theirs = play_both("hanging.program_of_exit", plan.peer, timeout_s=_PATIENCE_S, **arguments)
    return Figure(
        f"end of the process, {what}",
        # What is wrong, and what it cost.
        f"<= {_EXIT_S:g} s, <= 2 lines",
        _told_exit(ours),
        ours.exit_s is not None and ours.exit_s <= _EXIT_S and len(ours.lines) <= _MOST_LINES,
        "" if theirs is None else _told_exit(theirs),
    )


def _told_exit(outcome: Outcome) -> str:
    if outcome.exit_s is None:
        return f"not ended after {_PATIENCE_S:g} s"
    return f"{outcome.exit_s:.2f} s, {len(outcome.lines)} lines"


def _latency(plan: Plan) -> Figure:
    rounds, spans = int(plan.choose(15, 3)), int(plan.choose(20_000, 5_000))
    ours, theirs = play_both(
        "hanging.program_of_latency", plan.peer, timeout_s=plan.choose(600, 90), rounds=rounds, spans=spans
    )
    return Figure(
        "p99 of a span, hanging / healthy",
        "within 10 %",
        _ratio(ours),
        # Reported: on a machine with other work, a few microseconds' p99 is no ground for a verdict.
        None,
        "" if theirs is None else _ratio(theirs),
    )


def _ratio(outcome: Outcome) -> str:
    if not outcome.result:
        return "hung" if outcome.hung else outcome.log[-200:]
    hanging, healthy = (statistics.median(outcome.result[name]) for name in ("hanging", "healthy"))
    return f"{hanging / 1e3:.1f} / {healthy / 1e3:.1f} us ({hanging / healthy - 1:+.0%})"
