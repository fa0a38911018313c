"""Measure a row: all its sides in turn, round after round, so that a drift of the machine hits each alike."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from compat_tests.performance._processes import SideError, WorkerProcess, import_cpu_ms, import_told_ms
from compat_tests.performance._served import Served
from compat_tests.performance._sides import SIDES
from compat_tests.performance._started import started_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from compat_tests.performance._cases import Case

OURS = "midspan"
LIVES = 5


NOT_TAKEN: tuple[float, ...] = ()


@dataclass(frozen=True)
class Figures:
    """What one side cost in each round, per iteration, in the row's unit.

    `thread` is the share of the thread that called; it is empty where that makes no sense.
    """

    total: tuple[float, ...]
    thread: tuple[float, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """A row against one peer: the figures of both, or why there are none."""

    case: Case
    peer: str
    ours: Figures | None = None
    theirs: Figures | None = None
    failure: str = ""

    @property
    def target(self) -> float | None:
        """The least ratio wanted, if one is."""
        return self.case.peers[self.peer]

    @property
    def ratios(self) -> tuple[float, ...]:
        """How many times more the peer costs, round by round."""
        return _ratios(*(side.total if side else NOT_TAKEN for side in (self.theirs, self.ours)))

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios; 0 if the row failed."""
        return median(self.ratios) if self.ratios else 0.0

    @property
    def thread_ratio(self) -> float:
        """The same for the calling thread alone; 0 if there is none."""
        ratios = _ratios(*(side.thread if side else NOT_TAKEN for side in (self.theirs, self.ours)))
        return median(ratios) if ratios else 0.0

    @property
    def met(self) -> bool:
        """Whether the row ran and reached its targets, as far as it has any."""
        wanted = (self.target, self.ratio), (self.case.caller, self.thread_ratio)
        return not self.failure and all(least is None or ratio >= least for least, ratio in wanted)


def measure(case: Case, pythons: Mapping[str, Path | str], rounds: int) -> list[Outcome]:
    """Measure one row against all its peers; `pythons` gives an interpreter, or why there is none."""
    taken: dict[str, list[tuple[float, ...]]] = {name: [] for name in (OURS, *case.peers)}
    failures: dict[str, str] = {}
    for life in _lives(rounds):
        with contextlib.ExitStack() as stack:
            turns: dict[str, Callable[[], tuple[float, ...]]] = {}
            for name in taken:
                with _noted(failures, name):
                    turns[name] = _TURNS[case.kind](case, name, pythons[name], stack)
            _interleave(turns, life, taken, failures)
    figures = {name: _figures(values) for name, values in taken.items() if name not in failures}
    return [_outcome(case, peer, figures, failures) for peer in case.peers]


def _lives(rounds: int) -> list[int]:
    """Share the rounds out among several lives of the workers.

    A process is up to a fifth faster or slower than its twin for as long as it lives, by where its memory
    came to lie; one life would measure that as well.
    """
    lives = min(LIVES, rounds)
    return [rounds // lives + (life < rounds % lives) for life in range(lives)]


def _interleave(
    turns: Mapping[str, Callable[[], tuple[float, ...]]],
    rounds: int,
    taken: Mapping[str, list[tuple[float, ...]]],
    failures: dict[str, str],
) -> None:
    for number in range(rounds):
        # A B C, then C B A: nobody always comes first.
        for name in list(turns)[:: -1 if number % 2 else 1]:
            if name not in failures:
                with _noted(failures, name):
                    taken[name].append(turns[name]())


def _figures(values: Sequence[tuple[float, ...]]) -> Figures:
    total, *thread = zip(*values, strict=True)
    return Figures(total, *thread)


@contextlib.contextmanager
def _noted(failures: dict[str, str], name: str) -> Iterator[None]:
    try:
        yield
    except SideError as failure:
        failures[name] = str(failure)


def _outcome(case: Case, peer: str, figures: Mapping[str, Figures], failures: Mapping[str, str]) -> Outcome:
    failure = "\n".join(failures[name] for name in (OURS, peer) if name in failures)
    return Outcome(case, peer, figures.get(OURS), figures.get(peer), failure)


def _timed(
    case: Case, name: str, python: Path | str, stack: contextlib.ExitStack
) -> Callable[[], tuple[float, ...]]:
    worker = stack.enter_context(WorkerProcess(SIDES[name], _usable(python), case.environment))
    worker.ask("load", topic=case.topic, name=case.name, makes=case.makes, iterations=case.iterations)

    def turn() -> tuple[float, ...]:
        took = worker.ask("round", iterations=case.iterations)
        return tuple(took[clock] / case.iterations / 1_000 for clock in ("process_ns", "thread_ns"))

    return turn


def _held(
    case: Case, name: str, python: Path | str, _stack: contextlib.ExitStack
) -> Callable[[], tuple[float, ...]]:
    def turn() -> tuple[float, ...]:
        with WorkerProcess(SIDES[name], _usable(python), case.environment) as worker:
            found = worker.ask("held", topic=case.topic, name=case.name, iterations=case.iterations)
        return (found["bytes"],)

    return turn


def _peak(
    case: Case, name: str, python: Path | str, _stack: contextlib.ExitStack
) -> Callable[[], tuple[float, ...]]:
    row, _, which = case.name.rpartition("_")

    def turn() -> tuple[float, ...]:
        with WorkerProcess(SIDES[name], _usable(python), case.environment) as worker:
            found = worker.ask(
                "first_round", topic=case.topic, name=row, makes=case.makes, iterations=case.iterations
            )
        return (found[f"{which}_kb"] / 1_000,)

    return turn


def _served(
    case: Case, name: str, python: Path | str, stack: contextlib.ExitStack
) -> Callable[[], tuple[float, ...]]:
    servers = Served(case, name, _usable(python), stack)
    which = ("added", "whole").index(case.name.rpartition("_")[2])
    return lambda: (servers.round(case.iterations)[which],)


def _imports(
    case: Case, name: str, python: Path | str, _stack: contextlib.ExitStack
) -> Callable[[], tuple[float, ...]]:
    cost_ms = {"importtime": import_told_ms, "cpu": import_cpu_ms}[case.topic]

    def turn() -> tuple[float, ...]:
        return (cost_ms(SIDES[name], _usable(python)),)

    return turn


def _starts(
    case: Case, name: str, python: Path | str, _stack: contextlib.ExitStack
) -> Callable[[], tuple[float, ...]]:
    return lambda: (started_ms(name, _usable(python), case.topic),)


def _usable(python: Path | str) -> Path:
    if isinstance(python, str):
        raise SideError(python)
    return python


def _ratios(theirs: Sequence[float], ours: Sequence[float]) -> tuple[float, ...]:
    # A fresh interpreter's CPU is told in steps; a difference of nothing must not divide.
    return tuple(a / max(b, 1e-9) for a, b in zip(theirs, ours, strict=False))


_TURNS = {
    "timed": _timed,
    "held": _held,
    "peak": _peak,
    "import": _imports,
    "served": _served,
    "start": _starts,
}
