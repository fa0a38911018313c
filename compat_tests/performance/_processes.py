"""Talk to the measured processes: a worker a side and row, and the fresh interpreters of the import rows."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
from typing import TYPE_CHECKING, Any

from compat_tests.performance._environments import CHECKOUT, clean_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from compat_tests.performance._sides import Side

# `-I` shuts out the caller's PYTHON* variables and working directory; the checkout goes behind everything.
START = """
import runpy, sys
sys.path.append(sys.argv.pop(1))
runpy.run_module("compat_tests.performance._worker", run_name="__main__")
"""


class SideError(Exception):
    """A side could not do what a row asks of it; the message says which and why."""


class WorkerProcess:
    """A process in one side's environment that times rows on command; leave the `with` block to end it."""

    def __init__(self, side: Side, python: Path, environment: Mapping[str, str]) -> None:
        self.side = side
        self._complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed on exit
        self._process = subprocess.Popen(
            [str(python), "-I", "-c", START, str(CHECKOUT), side.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            env=clean_environment(dict(environment)),
            text=True,
        )

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._process.communicate()
        self._complaints.close()

    def ask(self, do: str, **arguments: Any) -> Any:
        """Send one command and wait for its result; raise SideError with the reason if there is none."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            stdin.flush()
            answer = stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise SideError(f"{self.side.title}: the worker died: {self.complaints()}")
        said = json.loads(answer)
        if "error" in said:
            raise SideError(f"{self.side.title}: {said['error']} (at {said['at']})")
        return said["result"]

    def complaints(self) -> str:
        """Give the end of what the process wrote to standard error."""
        self._complaints.seek(0)
        return self._complaints.read()[-2_000:]


# A fresh interpreter is started so often a turn and the quickest counts: other processes disturb it most.
TRIES = 3


def import_told_ms(side: Side, python: Path) -> float:
    """Tell what `-X importtime` says of the side's API, in ms, without what any interpreter imports."""
    bare = _imported(side, python, "pass")
    tries = [_imported(side, python, f"import {side.imports}") for _ in range(TRIES)]
    return min(sum(own_us for name, own_us in full.items() if name not in bare) for full in tries) / 1_000


def import_cpu_ms(side: Side, python: Path) -> float:
    """Tell the CPU of a fresh interpreter that imports the side's API, in ms, less that of a bare one."""
    full, bare = f"import {side.imports}", "pass"
    costs_ms = [(_cpu_ms(side, python, full), _cpu_ms(side, python, bare)) for _ in range(TRIES)]
    return min(cost for cost, _ in costs_ms) - min(cost for _, cost in costs_ms)


def _imported(side: Side, python: Path, statement: str) -> dict[str, int]:
    lines = _fresh(side, python, statement, "-X", "importtime").splitlines()
    fields = (
        line.removeprefix("import time:").split("|") for line in lines if line.startswith("import time:")
    )
    return {name.strip(): int(own) for own, _total, name in fields if own.strip().isdigit()}


def _cpu_ms(side: Side, python: Path, statement: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _fresh(side, python, statement)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1_000


def _fresh(side: Side, python: Path, statement: str, *options: str) -> str:
    command = [str(python), "-I", *options, "-c", statement]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env=clean_environment({}), cwd=os.sep
    )
    if done.returncode:
        raise SideError(f"{side.title}: `{statement}` failed:\n{done.stderr[-2_000:]}")
    return done.stderr
