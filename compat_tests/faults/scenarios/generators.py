"""Async generators with an open span are left early, and the event loop ends them later, elsewhere."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import TYPE_CHECKING, Any

from compat_tests.faults._exporters import Counting
from compat_tests.faults._figures import QUICK, Figure
from compat_tests.faults._process import play_both

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from compat_tests.faults._figures import Figures, Plan
    from compat_tests.faults._process import Outcome

_GENERATORS = 50


def program(side: Any) -> dict[str, Any]:
    """Leave generators early: half of them hold a span by `with`, half are decorated."""
    exporter = Counting()
    side.configure(exporter)
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)

    async def with_block() -> AsyncIterator[int]:
        with side.span("generator"):
            for number in range(3):
                yield number

    async def plain() -> AsyncIterator[int]:
        for number in range(3):
            yield number

    asyncio.run(_leave_early([with_block, side.decorated("generator")(plain)]))
    with side.span("after"):
        pass
    side.flush(10)
    views = [side.view(span) for span in exporter.spans]
    return {
        "lines": len(lines),
        "ended": sum(view["name"] == "generator" for view in views),
        "astray": sum(view["name"] != "generator" and view["parent_id"] != 0 for view in views),
    }


async def _leave_early(kinds: list[Callable[[], AsyncIterator[int]]]) -> None:
    for number in range(_GENERATORS):
        async for _ in kinds[number % 2]():
            break
        gc.collect()
        await asyncio.sleep(0)


def run(plan: Plan = QUICK) -> Figures:
    """Leave fifty generators early."""
    ours, theirs = play_both("generators", plan.peer)
    what = [
        f"log lines of {_GENERATORS} abandoned",
        "their spans that ended",
        "spans after them with a wrong parent",
    ]
    must = ["0", str(_GENERATORS), "0"]
    found = [_found(ours), ["", "", ""] if theirs is None else _found(theirs)]
    return [
        Figure(what[row], must[row], found[0][row], found[0][row] == must[row], found[1][row])
        for row in range(len(what))
    ]


def _found(outcome: Outcome) -> list[str]:
    if not outcome.result:
        return [outcome.log[-200:]] * 3
    printed = len(outcome.lines)
    return [
        str(outcome.result["lines"] or printed),
        str(outcome.result["ended"]),
        str(outcome.result["astray"]),
    ]
