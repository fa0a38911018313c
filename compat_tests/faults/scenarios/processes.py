"""Processes that are started in every way that Python knows, each of which makes spans and ends."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compat_tests.faults._figures import QUICK, Figure
from compat_tests.faults._process import play

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compat_tests.faults._figures import Figures, Plan

_CHILDREN = 10
_SPANS = 20
_METHODS = ("fork", "spawn", "forkserver")


class _File:
    """Write the names of spans to a file of this process."""

    name = "file"

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def export_spans(self, spans: Sequence[Any]) -> None:
        """Append a line for each."""
        with Path(self._folder, str(os.getpid())).open("a") as file:
            file.writelines(f"{span.name}\n" for span in spans)

    def shutdown(self, timeout_s: float) -> None:
        """Do nothing."""


def _configure(side_name: str, folder: str) -> Any:
    import importlib

    side = importlib.import_module(side_name)
    side.configure(_File(folder))
    return side


def _child(side_name: str, folder: str, *, configures: bool) -> int:
    """Make spans; under spawn and forkserver, configure first, as the main module of an application would."""
    import importlib

    side = _configure(side_name, folder) if configures else importlib.import_module(side_name)
    for _ in range(_SPANS):
        with side.span("work"):
            pass
    return os.getpid()


def program(side: Any, method: str, folder: str) -> None:
    """Start children by one of multiprocessing's methods."""
    configures = method != "fork"
    if not configures:
        side.configure(_File(folder))
    context = multiprocessing.get_context(method)
    options = {"args": (side.__name__, folder), "kwargs": {"configures": configures}}
    children = [context.Process(target=_child, **options) for _ in range(_CHILDREN)]
    for child in children:
        child.start()
    for child in children:
        child.join()


def program_of_executor(side: Any, folder: str) -> None:
    """Let the workers of an executor make spans."""
    side.configure(_File(folder))
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(4, mp_context=context) as executor:
        work = [executor.submit(_child, side.__name__, folder, configures=False) for _ in range(_CHILDREN)]
        for future in work:
            future.result()


def program_of_pool(side: Any, folder: str) -> None:
    """Let the workers of a pool make spans, and close it in order."""
    side.configure(_File(folder))
    with multiprocessing.get_context("fork").Pool(4) as pool:
        for _ in range(_CHILDREN):
            pool.apply(_child, (side.__name__, folder), {"configures": False})
        pool.close()
        pool.join()


def program_of_prefork(side: Any, folder: str) -> None:
    """Be a server that configures itself, forks its workers, and whose workers end by `sys.exit`."""
    side.configure(_File(folder))
    with side.span("master"):
        pass
    side.flush(5)
    workers = [os.fork() for _ in range(_CHILDREN) if os.getpid() == _MASTER]
    if 0 in workers:
        _child(side.__name__, folder, configures=False)
        sys.exit(0)
    for worker in workers:
        os.waitpid(worker, 0)


_MASTER = os.getpid()


def run(plan: Plan = QUICK) -> Figures:
    """Play each way of starting processes once."""
    figures = [_figure(plan, f"multiprocessing, {method}", "processes", method=method) for method in _METHODS]
    figures.append(_figure(plan, "ProcessPoolExecutor", "processes.program_of_executor"))
    figures.append(_figure(plan, "multiprocessing.Pool, closed and joined", "processes.program_of_pool"))
    figures.append(_figure(plan, "os.fork, workers that exit", "processes.program_of_prefork"))
    return figures


def _figure(plan: Plan, what: str, program: str, **arguments: Any) -> Figure:
    ours = _arrived(program, None, arguments)
    made = _CHILDREN * _SPANS
    figure = Figure(what, "every child's spans arrive", f"{ours} of {made}", ours == made)
    if plan.peer is None:
        return figure
    return figure._replace(peers=f"{_arrived(program, plan.peer, arguments)} of {made}")


def _arrived(program: str, peer: Path | None, arguments: dict[str, Any]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        who: dict[str, Any] = {} if peer is None else {"side": "peers", "python": peer}
        play(program, timeout_s=60, folder=folder, **arguments, **who)
        return sum(file.read_text().split().count("work") for file in Path(folder).iterdir())
