"""gevent replaces threads by greenlets, before midspan is there or after it runs, and an exporter hangs.

A greenlet that blocks without gevent's knowledge, in a C library say, holds up every other one. Another
greenlet measures by how much: it ticks every few milliseconds.
"""

from __future__ import annotations

import importlib.util
import time
from typing import TYPE_CHECKING, Any

from compat_tests.faults._exporters import Counting
from compat_tests.faults._figures import QUICK, Figure
from compat_tests.faults._process import play_both

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compat_tests.faults._figures import Figures, Plan
    from compat_tests.faults._process import Outcome

_PATCH = "from gevent import monkey; monkey.patch_all()"
_WHENS = ("early", "late")
_TICK_S = 0.005
_BLOCK_S = 2.0
_WINDOW_S = 2.5
_STALL_S = 0.1
_ATTEMPTS = 3
_GREENLETS = 20
_PATIENCE_S = 20.0


class _Blocking(Counting):
    """Block as a C library does: behind gevent's back."""

    name = "blocking"

    def export_spans(self, spans: Sequence[Any]) -> None:
        """Sleep with the sleep that gevent has not replaced."""
        from gevent import monkey

        monkey.get_original("time", "sleep")(_BLOCK_S)


def program(side: Any, when: str, endpoint: str | None, protocol: str = "http/protobuf") -> dict[str, Any]:
    """Make spans in greenlets while the exporter hangs, and measure how long the loop stood still."""
    exporter = side.otlp(endpoint, protocol) if endpoint else _Blocking()
    side.configure(exporter, max_export_batch_size=4)
    gevent = _patched(side, when)
    gaps: list[float] = []
    until_s = time.monotonic() + _WINDOW_S

    def tick() -> None:
        last_s = time.monotonic()
        while last_s < until_s:
            gevent.sleep(_TICK_S)
            now_s = time.monotonic()
            gaps.append(now_s - last_s)
            last_s = now_s

    def work() -> None:
        while time.monotonic() < until_s:
            with side.span("work"):
                gevent.sleep(_TICK_S)

    gevent.joinall([gevent.spawn(tick), *(gevent.spawn(work) for _ in range(3))])
    # The slowest tick of all, less what it was meant to take.
    return {"stall_s": max(gaps) - _TICK_S, "ticks": len(gaps)}


def _patched(side: Any, when: str) -> Any:
    if when == "late":
        # By now the worker has been started.
        with side.span("before the patch"):
            pass
        exec(_PATCH)
    import gevent

    return gevent


def program_of_nesting(side: Any, when: str) -> dict[str, Any]:
    """Nest spans in greenlets that take turns; each must find its own parent."""
    exporter = Counting()
    side.configure(exporter)
    gevent = _patched(side, when)

    def work(number: int) -> None:
        with side.span(f"{number}"):
            gevent.sleep(0.001)
            with side.span(f"{number} below"):
                gevent.sleep(0.001)
            with side.span(f"{number} below"):
                gevent.sleep(0)

    with side.span("root"):
        # A greenlet inherits nothing from the one that spawned it, no more than a thread does.
        gevent.joinall([gevent.spawn(side.carry(work), number) for number in range(_GREENLETS)])
    side.flush(10)
    views = [side.view(span) for span in exporter.spans]
    by_id = {view["span_id"]: view["name"] for view in views}
    parents = {"root": None, **{str(number): "root" for number in range(_GREENLETS)}}
    parents |= {f"{number} below": str(number) for number in range(_GREENLETS)}
    wanted = [view for view in views if view["name"] in parents]
    right = sum(by_id.get(view["parent_id"]) == parents[view["name"]] for view in wanted)
    return {"right": right, "made": 1 + 3 * _GREENLETS}


def run(plan: Plan = QUICK) -> Figures:
    """Patch early and late; block in the exporter itself, and hang in the collector."""
    if importlib.util.find_spec("gevent") is None:
        return [Figure("gevent", "", "gevent is not installed: not played")]
    from compat_tests.faults._collector import Collector

    with Collector(silent=True) as collector:
        figures = [
            _stall(plan, when, what, endpoint)
            for when in _WHENS
            for what, endpoint in (("exporter blocks", None), ("collector silent", collector.endpoint))
        ]
    return figures + [_nesting(plan, when) for when in _WHENS]


def _stall(plan: Plan, when: str, what: str, endpoint: str | None, **more: str) -> Figure:
    # A machine that has other work stalls a loop now and then, but not each time.
    for _ in range(_ATTEMPTS):
        ours, theirs = _play("greenlets", plan, when, endpoint=endpoint, **more)
        holds = bool(ours.result) and ours.result["stall_s"] <= _STALL_S
        if holds:
            break
    return Figure(
        f"stall of the loop, patched {when}, {what}",
        f"<= {_STALL_S * 1e3:g} ms",
        _told(ours),
        holds,
        "" if theirs is None else _told(theirs),
    )


def _told(outcome: Outcome) -> str:
    if outcome.result:
        return f"{outcome.result['stall_s'] * 1e3:.0f} ms"
    return "hung" if outcome.hung else outcome.log[-200:]


def _nesting(plan: Plan, when: str) -> Figure:
    ours, theirs = _play("greenlets.program_of_nesting", plan, when)
    made = 1 + 3 * _GREENLETS
    return Figure(
        f"spans of greenlets with the right parent, patched {when}",
        f"{made} of {made}",
        _right(ours),
        ours.result.get("right") == made,
        "" if theirs is None else _right(theirs),
    )


def _right(outcome: Outcome) -> str:
    return f"{outcome.result['right']} of {outcome.result['made']}" if outcome.result else outcome.log[-200:]


def _play(program: str, plan: Plan, when: str, **arguments: Any) -> tuple[Outcome, Outcome | None]:
    prelude = _PATCH if when == "early" else ""
    return play_both(program, plan.peer, prelude=prelude, when=when, timeout_s=_PATIENCE_S, **arguments)
