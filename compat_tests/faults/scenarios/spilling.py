"""What a collector does not take goes to disk; kills, full disks, broken files and neighbours cost little."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compat_tests.faults._figures import QUICK, Figure
from compat_tests.faults._process import play

if TYPE_CHECKING:
    from compat_tests.faults._arrivals import Arrivals, Case
    from compat_tests.faults._figures import Figures, Plan

_FILE = "midspan-spill.sqlite3"
_SPANS = 1_000
_LATE = 50
# So little that the disk is needed at once.
_SMALL = {"max_bytes": 100_000, "longest_pause_s": 1.0}


def program_killed(side: Any, endpoint: str, folder: str, file: str) -> None:
    """Make spans that nobody takes, wait for the pipeline to notice, make some more, and be killed."""
    side.configure(side.otlp(endpoint), spill=folder)
    _make(side, "early", _SPANS)
    side.flush(1)
    Path(file).write_text(json.dumps(side.account() or {}))
    _make(side, "late", _LATE)
    os.kill(os.getpid(), signal.SIGKILL)


def program_after(side: Any, endpoint: str, spill: Any) -> dict[str, Any]:
    """Start where another process has ended."""
    side.configure(side.otlp(endpoint), spill=spill)
    _make(side, "after", 1)
    side.flush(20)
    return {"account": side.account()}


def program_beside(side: Any, endpoint: str, folder: str, spans: int) -> dict[str, Any]:
    """Share a folder with another process that does the same."""
    side.configure(side.otlp(endpoint), spill=folder, delivery=_SMALL, max_export_batch_size=100)
    _make(side, "beside", spans)
    side.flush(1)
    side.flush(20)
    return {"account": side.account()}


def program_full(side: Any, endpoint: str, folder: str, spans: int, ready: str) -> dict[str, Any]:
    """Make more than the folder's file system holds, say so, and wait for the collector."""
    side.configure(side.otlp(endpoint), spill=folder, delivery=_SMALL, max_export_batch_size=100)
    _make(side, "full", spans)
    side.flush(1)
    Path(ready).touch()
    side.flush(20)
    return {"account": side.account()}


def _make(side: Any, name: str, spans: int) -> None:
    for _ in range(spans):
        with side.span(name):
            pass


def run(plan: Plan = QUICK) -> Figures:
    """Play each row of what must hold of the disk."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(4) as pool:
        made = [
            pool.submit(_killed, plan, Path(folder, "killed")),
            pool.submit(_too_old, Path(folder, "old")),
            pool.submit(_neighbours, Path(folder, "shared")),
            pool.submit(_away, plan, Path(folder)),
        ]
        return [figure for future in made for figure in future.result()]


def _killed(plan: Plan, folder: Path) -> Figures:
    said, arrived, lines = _play_killed(folder, str(folder))
    on_disk = said.get("spilled", 0) + said.get("queued", 0)
    figure = Figure(
        f"SIGKILL after {_SPANS:,} spans on disk and {_LATE} of the last moment, then a restart",
        "all on disk arrive",
        f"{arrived['early']:,} of {on_disk:,}, and {arrived['late']} of {_LATE}",
        on_disk == _SPANS == arrived["early"] and arrived["after"] == 1 and not lines,
    )
    if plan.peer is not None:
        _, theirs, _ = _play_killed(folder, None, side="peers", python=plan.peer)
        figure = figure._replace(peers=f"{theirs['early']:,} of {_SPANS:,}")
    return [figure]


def _too_old(folder: Path) -> Figures:
    spill = {"folder": str(folder), "max_age_s": 0.01}
    said, arrived, lines = _play_killed(folder, spill)
    return [
        Figure(
            "the same, but what lies on disk is too old by then",
            "dropped, said; new ones arrive",
            f"{arrived['early']} of {said['accepted']:,}, {len(lines)} lines",
            arrived["early"] == 0 and arrived["after"] == 1 and any("too old" in line for line in lines),
        )
    ]


def _play_killed(folder: Path, spill: Any, **who: Any) -> tuple[dict[str, Any], Any, list[str]]:
    """Play the two processes; return the first one's account, what arrived, and what the second one said."""
    from compat_tests.faults._collector import Collector, free_port

    folder.mkdir(exist_ok=True)
    file = folder / "account"
    collector = Collector(port=free_port())
    told = {"endpoint": collector.endpoint, **who}
    play("spilling.program_killed", timeout_s=60, folder=str(folder), file=str(file), **told)
    time.sleep(0.1)
    with collector:
        after = play("spilling.program_after", timeout_s=60, spill=spill, **told)
        # The peer has a last try at its exit.
        return json.loads(file.read_text()), collector.names, after.lines


def _neighbours(folder: Path) -> Figures:
    from compat_tests.faults._collector import Collector, free_port

    collector = Collector(port=free_port())
    told = {"endpoint": collector.endpoint, "folder": str(folder), "spans": 3_000}
    with ThreadPoolExecutor(2) as pool:
        playing = [pool.submit(play, "spilling.program_beside", timeout_s=60, **told) for _ in range(2)]
        time.sleep(2)
        with collector:
            ended = [future.result() for future in playing]
    arrived = collector.names["beside"]
    return [
        Figure(
            "two processes in one folder, 3,000 spans each",
            "all arrive, once",
            f"{arrived:,} of 6,000, {collector.duplicates} twice",
            arrived == 6_000 and not collector.duplicates and not any(outcome.hung for outcome in ended),
        )
    ]


def _away(plan: Plan, folder: Path) -> Figures:
    from compat_tests.faults._arrivals import Case, figures

    away_s, spans = plan.choose(60, 3), int(plan.choose(75_000, 5_000))
    cases = [
        Case(
            f"away for {away_s:g} s, {spans:,} spans at {spans / away_s:,.0f}/s",
            "all arrive",
            _all,
            away_s=away_s,
            arguments=_arguments(spans, {"folder": str(folder / "away")}, per_s=spans / away_s),
        ),
        Case(
            "a disk of 200 kB and a queue of 1,000 for 5,000 spans",
            "the rest arrives, each is counted",
            _all_or_counted,
            away_s=3,
            arguments=_arguments(
                5_000, {"folder": str(folder / "full"), "max_bytes": 200_000}, max_queue_size=1_000
            )
            | {"values": 500},
            with_peer=False,
        ),
        *(_broken(name, content, folder) for name, content in _BROKEN.items()),
    ]
    return figures(plan, cases)


def _arguments(spans: int, spill: dict[str, Any], *, per_s: float = 2_000, **batch: Any) -> dict[str, Any]:
    return {"spans": spans, "per_s": per_s, "settings": {"spill": spill, "delivery": _SMALL, **batch}}


# The first bytes of any SQLite file of 4 KiB pages, and nothing after them.
_BROKEN = {"corrupt": b"junk" * 5_000, "truncated": b"SQLite format 3\x00\x10\x00\x02\x02\x00\x40\x20\x20"}


def _broken(name: str, content: bytes, folder: Path) -> Case:
    from compat_tests.faults._arrivals import Case

    spill = folder / name
    spill.mkdir()
    (spill / _FILE).write_bytes(content)
    return Case(
        f"a file that is {name}, 2,000 spans",
        "all arrive",
        _all,
        away_s=1.5,
        arguments=_arguments(2_000, {"folder": str(spill)}),
        with_peer=False,
    )


def _all(arrivals: Arrivals) -> bool:
    return arrivals.is_exact and arrivals.spans == arrivals.made


def _all_or_counted(arrivals: Arrivals) -> bool:
    return arrivals.is_exact and 0 < arrivals.spans and sum(arrivals.account["dropped"].values()) > 0
