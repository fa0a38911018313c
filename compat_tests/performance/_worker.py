"""Run rows inside one side's environment: a line of JSON comes in as a command, another goes back.

Started as `python -I -c ... <checkout> <side>` by `_processes.py`. The checkout goes to the *end* of the
path, so that what is measured is what is installed. What only one command takes is imported there: memory is
measured, too, and a side may do without it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from compat_tests.performance._timed import Timed


class Worker:
    """Hold the row that was loaded, and do what a command says with it."""

    def __init__(self, side: str) -> None:
        self.side = side
        self.timed: Timed | None = None
        self.makes = 0

    def versions(self, distributions: list[str]) -> dict[str, str]:
        """Tell the versions of these distributions and of Python."""
        import platform
        from importlib import metadata

        found = {name: metadata.version(name) for name in distributions}
        return found | {
            "python": platform.python_version(),
            "implementation": platform.python_implementation(),
        }

    def load(self, topic: str, name: str, makes: int, iterations: int) -> dict[str, Any]:
        """Build the row's pipeline and warm it up: caches filled, code specialised, threads started."""
        self.timed = self._function(topic, name)()
        self.makes = makes
        for _ in range(3):
            self.round(max(iterations // 3, 1))
        gc.collect()
        # Imports are not what is measured: neither side pays for the collector's walk over its modules.
        gc.freeze()
        return {}

    def round(self, iterations: int) -> dict[str, int]:
        """Measure one round: CPU, of this thread alone and of the whole process until settled, and memory."""
        timed = self.timed
        assert timed is not None
        timed.prepare(iterations)
        made = timed.made()
        gc.collect()
        # In kB: what the process holds before, and then the most that it ever held.
        held = _memory_kb("VmRSS")
        process, thread = time.process_time_ns(), time.thread_time_ns()
        timed.run(iterations)
        thread = time.thread_time_ns() - thread
        timed.settle()
        process = time.process_time_ns() - process
        peak = _memory_kb("VmHWM")
        made = timed.made() - made
        if made != iterations * self.makes:
            raise AssertionError(f"{iterations} iterations made {made}, not {iterations * self.makes}")
        return {"process_ns": process, "thread_ns": thread, "peak_kb": peak, "grown_kb": peak - held}

    def first_round(self, topic: str, name: str, makes: int, iterations: int) -> dict[str, int]:
        """Measure a round of a process that has imported everything, and done next to nothing yet."""
        self.timed = self._function(topic, name)()
        self.makes = makes
        self.round(100)
        return self.round(iterations)

    def sample(self) -> Any:
        """Do one more iteration and show what came of it."""
        self.round(1)
        assert self.timed is not None
        return self.timed.sample()

    def held(self, topic: str, name: str, iterations: int) -> dict[str, float]:
        """Weigh what stays in memory for each of so many queued spans, in bytes."""
        import tracemalloc

        queue = self._function(topic, name)()
        queue.fill(1_000)
        queue.drain()
        drained = queue.exported()
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        queue.fill(iterations)
        gc.collect()
        held = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        if queue.exported() != drained:
            raise AssertionError("spans left the queue while it was weighed")
        queue.drain()
        if queue.exported() != drained + iterations:
            raise AssertionError(f"{queue.exported() - drained} spans were queued, not {iterations}")
        return {"bytes": held / iterations}

    def call(self, topic: str, name: str, arguments: list[Any]) -> Any:
        """Call a helper of this side."""
        return self._function(topic, name)(*arguments)

    def _function(self, topic: str, name: str) -> Any:
        return getattr(importlib.import_module(f"compat_tests.performance.sides.{self.side}.{topic}"), name)


def _memory_kb(what: str) -> int:
    """Tell the resident memory now (VmRSS), or its peak so far (VmHWM); 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith(what))


def answer(worker: Worker, line: str) -> dict[str, Any]:
    """Obey one command; a failure is an answer too, with the place where it came up."""
    command = json.loads(line)
    try:
        return {"result": getattr(worker, command.pop("do"))(**command)}
    except Exception as failure:
        last = traceback.extract_tb(failure.__traceback__)[-1]
        return {"error": f"{type(failure).__name__}: {failure}", "at": f"{last.filename}:{last.lineno}"}


def main(side: str, commands: TextIO, answers: TextIO) -> None:
    """Serve until standard input ends."""
    worker = Worker(side)
    for line in commands:
        answers.write(json.dumps(answer(worker, line)) + "\n")
        answers.flush()


if __name__ == "__main__":
    # What a library prints must not end up among the answers.
    private = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    main(sys.argv[1], sys.stdin, private)
    # Skips the farewells of the peers' exporters: some wait for a server that is not there.
    os._exit(0)
