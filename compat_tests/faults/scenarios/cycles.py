"""A process configures and shuts down again and again, as a test suite or a reloading server does."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compat_tests.faults._exporters import Counting
from compat_tests.faults._figures import QUICK, Figure
from compat_tests.faults._process import play_both

if TYPE_CHECKING:
    from compat_tests.faults._figures import Figures, Plan
    from compat_tests.faults._process import Outcome

# So many cycles fill the tables that the interpreter keeps for itself.
_WARM_UP = 1_000
# What a cache or a table of the interpreter may take at any time, whatever is done.
_BLOCKS_OF_NOISE = 1_000
_RSS_OF_NOISE_KIB = 2_048


def program(side: Any, cycles: int) -> dict[str, Any]:
    """Configure, make a span, shut down; take stock when all is warm, and again at the end."""
    for _ in range(_WARM_UP):
        _cycle(side)
    before = _stock()
    for _ in range(cycles):
        _cycle(side)
    after = _stock()
    return {name: after[name] - before[name] for name in before}


def _cycle(side: Any) -> None:
    side.configure(Counting())
    with side.span("work"):
        pass
    side.shutdown(5)


def _stock() -> dict[str, int]:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "threads": _entries("/proc/self/task"),
        "descriptors": _entries("/proc/self/fd"),
        "atexit": atexit._ncallbacks(),  # type: ignore[attr-defined]
        "blocks": sys.getallocatedblocks(),
        "rss_kib": pages * os.sysconf("SC_PAGE_SIZE") // 1_024,
    }


def _entries(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())


def run(plan: Plan = QUICK) -> Figures:
    """Go through 10,000 cycles, or 500."""
    cycles = int(plan.choose(10_000, 500))
    ours, theirs = play_both("cycles", plan.peer, timeout_s=plan.choose(600, 60), cycles=cycles)
    bounds = {
        "threads": 0,
        "descriptors": 0,
        "atexit": 0,
        "blocks": _BLOCKS_OF_NOISE,
        "rss_kib": _RSS_OF_NOISE_KIB,
    }
    titles = {
        "threads": f"threads after {cycles:,} cycles",
        "descriptors": "descriptors",
        "atexit": "atexit entries",
        "blocks": "blocks of memory",
        "rss_kib": "resident memory, KiB",
    }
    return [
        Figure(
            titles[name],
            "no growth",
            _told(ours, name),
            bool(ours.result) and ours.result[name] <= bound,
            "" if theirs is None else _told(theirs, name),
        )
        for name, bound in bounds.items()
    ]


def _told(outcome: Outcome, name: str) -> str:
    if not outcome.result:
        return "hung" if outcome.hung else outcome.log[-200:]
    return f"{outcome.result[name]:+,}"
