"""Spans come faster than any exporter takes them; what does not fit is dropped, and accounted for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from compat_tests.faults._figures import QUICK, Figure
from compat_tests.faults._process import play

if TYPE_CHECKING:
    from pathlib import Path

    from compat_tests.faults._figures import Figures, Plan


def program(side: Any, endpoint: str, threads: int, spans: int) -> dict[str, Any]:
    """Make so many spans in so many threads, without a pause, and send them to a collector."""
    side.configure(side.otlp(endpoint))

    def emit() -> None:
        for _ in range(spans):
            with side.span("work") as span:
                side.attribute(span, "key", "value")

    emitters = [threading.Thread(target=emit) for _ in range(threads)]
    for emitter in emitters:
        emitter.start()
    for emitter in emitters:
        emitter.join()
    side.flush(30)
    return {"made": threads * spans, "account": side.account()}


def run(plan: Plan = QUICK) -> Figures:
    """Send a burst of one thread and one of sixteen."""
    return [
        *_burst(plan, 1, int(plan.choose(200_000, 50_000))),
        *_burst(plan, 16, int(plan.choose(20_000, 3_000))),
    ]


def _burst(plan: Plan, threads: int, spans: int) -> Figures:
    ours = _play(threads, spans)
    made = threads * spans
    title = f"{spans:,} spans in {threads} threads" if threads > 1 else f"{spans:,} spans in one thread"
    share = Figure(f"{title}: delivered", "above the peer's", _share(ours, made))
    if plan.peer is not None:
        theirs = _play(threads, spans, plan.peer)
        above = ours["arrived"] > theirs["arrived"]
        # Reported: the shares depend on what else the machine does in each of the two runs.
        share = share._replace(peers=_share(theirs, made), ours=share.ours + ("" if above else " (below)"))
    account = ours["account"] or {"exported": 0, "queued": 0, "dropped": {}}
    told = account["exported"] + account["queued"] + sum(account["dropped"].values())
    exact = told == made and account["exported"] == ours["arrived"] and account["queued"] == 0
    dropped = ", ".join(f"{count:,} {reason}" for reason, count in account["dropped"].items()) or "none"
    figure = Figure(
        f"{title}: account",
        "made == delivered + dropped + queued",
        f"{made:,} == {account['exported']:,} + {sum(account['dropped'].values()):,} + {account['queued']}"
        f" (dropped: {dropped})",
        exact,
        "" if plan.peer is None else "none kept",
    )
    return [share, figure]


def _play(threads: int, spans: int, peer: Path | None = None) -> dict[str, Any]:
    from compat_tests.faults._collector import Collector

    who: dict[str, Any] = {} if peer is None else {"side": "peers", "python": peer}
    with Collector() as collector:
        outcome = play(
            "bursts", timeout_s=300, endpoint=collector.endpoint, threads=threads, spans=spans, **who
        )
        return {"account": outcome.result.get("account"), "arrived": sum(collector.names.values())}


def _share(found: dict[str, Any], made: int) -> str:
    return f"{found['arrived']:,} ({found['arrived'] / made:.1%})"
