"""Play a program in an interpreter of its own, and tell what became of it.

A program is a function `program(side, **arguments) -> dict` of a scenario's module. Its `side` is one of two
modules that offer the same few verbs: `sides.ours` and `sides.peers`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Outcome", "play", "play_both"]

_CHECKOUT = Path(__file__).parent.parent.parent
_PORTIONS = [str(_CHECKOUT / root) for root in ("core", "bridges", "exporters", "integrations")]
# `-I` shuts out the caller's PYTHON* variables and working directory.
_START = """
import importlib, json, sys, time
paths, prelude, module, function, side, arguments, answer = json.loads(sys.argv[1])
sys.path += paths
exec(prelude)
side = importlib.import_module("compat_tests.faults.sides." + side)
program = getattr(importlib.import_module("compat_tests.faults.scenarios." + module), function)
result = program(side, **arguments)
if result is not None:
    with open(answer, "w") as file:
        json.dump(dict(result, ended_s=time.monotonic()), file)
"""


class Outcome(NamedTuple):
    """How a program ended."""

    # What it returned; empty if it did not come to that.
    result: dict[str, Any]
    # Negative for a signal; None if it hung and had to be killed.
    exit_code: int | None
    # What it and its children wrote to standard error.
    log: str
    # From its last statement to its end, in seconds; None if there was no last statement.
    exit_s: float | None

    @property
    def hung(self) -> bool:
        """Whether it was still there when its time was up."""
        return self.exit_code is None

    @property
    def lines(self) -> list[str]:
        """The lines that were written to standard error."""
        return [line for line in self.log.splitlines() if line.strip()]


def play(  # noqa: PLR0913 - all by name
    program: str,
    side: str = "ours",
    *,
    python: Path | str = sys.executable,
    timeout_s: float = 60.0,
    variables: Mapping[str, str] | None = None,
    prelude: str = "",
    **arguments: Any,
) -> Outcome:
    """Play a program, named as "module.function"; kill it and its children after `timeout_s` seconds.

    The `prelude` is a statement that runs before the side is imported.
    """
    module, _, function = program.partition(".")
    with tempfile.TemporaryDirectory() as folder, Path(folder, "log").open("w+") as log:
        answer = Path(folder, "answer")
        paths = [str(_CHECKOUT), *(_PORTIONS if side == "ours" else [])]
        told = json.dumps([paths, prelude, module, function or "program", side, arguments, str(answer)])
        process = subprocess.Popen(
            [str(python), "-I", "-c", _START, told],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(variables or {}),
            start_new_session=True,
        )
        exit_code = _wait(process, timeout_s)
        ended_s = time.monotonic()
        result = json.loads(answer.read_text()) if answer.exists() else {}
        exit_s = ended_s - result["ended_s"] if result and exit_code is not None else None
        log.seek(0)
        return Outcome(result, exit_code, log.read(), exit_s)


def play_both(
    program: str, peer: Path | None, *, timeout_s: float = 60.0, **arguments: Any
) -> tuple[Outcome, Outcome | None]:
    """Play a program with midspan, then with the peer if its interpreter is given."""
    ours = play(program, timeout_s=timeout_s, **arguments)
    theirs = peer and play(program, "peers", python=peer, timeout_s=timeout_s, **arguments)
    return ours, theirs or None


def _wait(process: subprocess.Popen[bytes], timeout_s: float) -> int | None:
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return None
    finally:
        # The program's children as well, whether it ended or hung: it leads a session of its own.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return kept | dict(variables)
