"""Print what was measured: a Markdown table that reads well in a terminal too, and the same as JSON."""

from __future__ import annotations

import json
import math
import os
import platform
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from compat_tests.performance._sides import SIDES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from compat_tests.performance._measure import Outcome

HEAD = ("row", "against", "peer", "midspan", "ratio", "lowest-highest", "caller alone", "target", "")


def table(outcomes: Sequence[Outcome]) -> str:
    """Lay the outcomes out, one line each, columns padded."""
    rows = [HEAD, *(_cells(outcome) for outcome in outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def failures(outcomes: Sequence[Outcome]) -> str:
    """Tell why rows failed: each reason once, with the rows that it spoiled."""
    spoiled: dict[str, list[str]] = {}
    for outcome in outcomes:
        if outcome.failure:
            spoiled.setdefault(outcome.failure, []).append(f"{outcome.case.name}/{outcome.peer}")
    return "\n".join(f"{', '.join(rows)}: {reason}" for reason, rows in spoiled.items())


def as_json(outcomes: Sequence[Outcome], machine: Mapping[str, str], versions: Mapping[str, Any]) -> str:
    """Give all figures, each round's too."""
    rows = [
        {
            "row": outcome.case.name,
            "peer": outcome.peer,
            "unit": outcome.case.unit,
            "ratio": outcome.ratio,
            "thread_ratio": outcome.thread_ratio,
            "target": outcome.target,
            "caller": outcome.case.caller,
            "met": outcome.met,
            "failure": outcome.failure,
            "midspan": outcome.ours and {"total": outcome.ours.total, "thread": outcome.ours.thread},
            "theirs": outcome.theirs and {"total": outcome.theirs.total, "thread": outcome.theirs.thread},
        }
        for outcome in outcomes
    ]
    return json.dumps({"machine": machine, "versions": versions, "rows": rows}, indent=1)


def machine() -> dict[str, str]:
    """Name the processor and the system, in general terms."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
    }


def heading(machine: Mapping[str, str], versions: Mapping[str, Mapping[str, str]], rounds: int) -> str:
    """Say on what and with what the table was made."""
    pythons = {found["implementation"] + " " + found["python"] for found in versions.values()}
    named = {
        f"{name} {found[name]}" for found in versions.values() for name in found if name not in _INTERPRETER
    }
    return (
        f"{', '.join(sorted(pythons))} on {machine['processor']}, {machine['cores']} cores, "
        f"{machine['system']}; "
        f"{rounds} rounds, the sides in turn; times in us of CPU per iteration, median of the rounds.\n"
        f"Versions: {', '.join(sorted(named))}. The targets were set for CPython 3.11."
    )


_INTERPRETER = ("python", "implementation")


def _cells(outcome: Outcome) -> tuple[str, ...]:
    row = (outcome.case.title, SIDES[outcome.peer].title)
    target = f">= {outcome.target:g}x" if outcome.target else ""
    if outcome.case.caller:
        target += f", caller {outcome.case.caller:g}x"
    if outcome.failure or outcome.ours is None or outcome.theirs is None:
        return (*row, "", "", "FAILED", "", "", target, "NO")
    unit = outcome.case.unit
    return (
        *row,
        _figure(outcome.theirs.total, unit),
        _figure(outcome.ours.total, unit),
        f"{_cut(outcome.ratio)}x",
        f"{_cut(min(outcome.ratios))}-{_cut(max(outcome.ratios))}",
        f"{_cut(outcome.thread_ratio)}x" if outcome.thread_ratio else "",
        target,
        ("yes" if outcome.met else "NO") if target else "",
    )


def _cut(ratio: float) -> str:
    # Not rounded: 7.97 must not look like the 8 that it misses.
    return f"{math.floor(ratio * 10) / 10:.1f}"


def _figure(values: Sequence[float], unit: str) -> str:
    middle = median(values)
    return f"{middle:.{0 if middle >= 100 else 2}f} {unit}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
