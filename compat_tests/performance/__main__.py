"""Compare midspan with its peers, in one run: `python -m compat_tests.performance --help`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compat_tests.performance import _report
from compat_tests.performance._cases import CASES, Case
from compat_tests.performance._environments import python_of
from compat_tests.performance._measure import OURS, Outcome, measure
from compat_tests.performance._processes import WorkerProcess
from compat_tests.performance._sides import SIDES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# How the command ends: all well, a target missed (only with --check), a row that could not be measured.
WELL, MISSED, FAILED = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the chosen rows, print their table and return the exit status."""
    options = _options(arguments)
    cases = [case for case in CASES if not options.only or case.name in options.only]
    pythons = _pythons(cases, options.python)
    outcomes: list[Outcome] = []
    for case in cases:
        print(f"measuring {case.name} ...", file=sys.stderr)
        outcomes += measure(case, pythons, options.rounds)
    versions = _versions(pythons)
    machine = _report.machine()
    print(_report.heading(machine, versions, options.rounds), _report.table(outcomes), sep="\n\n")
    if options.json:
        options.json.write_text(_report.as_json(outcomes, machine, versions))
    return _status(outcomes, check=options.check)


def _status(outcomes: Sequence[Outcome], *, check: bool) -> int:
    reasons = _report.failures(outcomes)
    if reasons:
        print(f"\nNot measured:\n{reasons}", file=sys.stderr)
        return FAILED
    missed = [f"{outcome.case.title} / {outcome.peer}" for outcome in outcomes if not outcome.met]
    if missed:
        print(f"\nTargets missed: {', '.join(missed)}", file=sys.stderr)
    return MISSED if missed and check else WELL


def _pythons(cases: Sequence[Case], python: str) -> dict[str, Path | str]:
    """Make what environments the rows need; one that cannot be made is replaced by the reason."""
    made: dict[str, Path | str] = {}
    for name in dict.fromkeys(side for case in cases for side in (OURS, *case.peers)):
        print(f"environment of {name} ...", file=sys.stderr)
        try:
            made[name] = python_of(SIDES[name], python)
        except RuntimeError as failure:
            made[name] = f"{SIDES[name].title} has no environment: {failure}"
    return made


def _versions(pythons: Mapping[str, Path | str]) -> dict[str, Any]:
    versions = {}
    for name, python in pythons.items():
        if isinstance(python, Path):
            with WorkerProcess(SIDES[name], python, {}) as worker:
                versions[name] = worker.ask("versions", distributions=list(SIDES[name].distributions))
    return versions


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m compat_tests.performance",
        description="Time midspan and its peers in turn, each in an environment of its own.",
        epilog=f"Exit status: {WELL} well, {MISSED} a target missed (with --check), {FAILED} a row failed.",
    )
    names = [case.name for case in CASES]
    parser.add_argument(
        "--only", action="extend", nargs="+", choices=names, metavar="ROW", help=", ".join(names)
    )
    parser.add_argument(
        "--rounds", type=int, default=15, help="how often each side has its turn (%(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure of every round to FILE")
    parser.add_argument("--check", action="store_true", help="fail if a target is missed")
    parser.add_argument("--python", default=sys.executable, help="interpreter to measure with (this one)")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
