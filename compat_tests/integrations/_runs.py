"""Start what stands in `run/` under `midspan run`, give it a known load, and count the traces that arrive."""

from __future__ import annotations

import re
import signal
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from compat_tests._environments import ROOT, environment, find_python
from compat_tests.faults._collector import free_port
from compat_tests.integrations._editions import EDITIONS, HERE
from compat_tests.life._receiver import Receiver
from compat_tests.life._servers import Server, ask, is_settled, listens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "APPLICATIONS",
    "GUNICORN_CONF",
    "OURS",
    "PATIENT",
    "Arrived",
    "newest",
    "of_its_time",
    "served",
    "worked",
]

APPLICATIONS = HERE / "run"
OURS = ("midspan", "run")
GUNICORN_CONF = ROOT / "compat_tests" / "life" / "inside" / "gunicorn_conf.py"
# What arrives does because somebody saw to it at the end.
PATIENT = {"OTEL_BSP_SCHEDULE_DELAY": "3600000", "OTEL_METRICS_EXPORTER": "none"}


class Arrived(NamedTuple):
    """What became of a load."""

    # How many traces there are of each shape: all of its spans, each as the path from its name to the root's.
    shapes: Counter[tuple[str, ...]]
    double: int
    # How many processes sent them.
    processes: int
    log: str


def newest() -> Path:
    """Return the interpreter that has the newest libraries."""
    return EDITIONS[-1].interpreter()


def of_its_time(name: str, *requirements: str) -> Path:
    """Return the interpreter of an environment for a legacy application."""
    python = find_python("3.11")
    if python is None:
        pytest.skip("CPython 3.11 is not installed")
    return environment([ROOT / "compat_tests" / each for each in requirements], name=name, python=python)


def served(  # noqa: PLR0913 - what runs, and where; the rest by name
    python: Path,
    command: Sequence[str],
    made: int,
    variables: Mapping[str, str] = {},
    *,
    under: Sequence[str] = OURS,
    folder: Path = APPLICATIONS,
    halfway: Callable[[Server], None] | None = None,
) -> Arrived:
    """Ask a web server for so many pages, end it by SIGTERM, and tell what arrived.

    PORT in the command stands for its port. `halfway` may do something to it between two halves of the load.
    """
    port = free_port()
    words = [*under, *(word.replace("PORT", str(port)) for word in command)]
    told = {**PATIENT, "SHOP_PORT": str(port), **variables}
    with Receiver() as receiver, Server(words, receiver, told, python=python, folder=folder) as server:
        server.wait_until(lambda: listens(port))
        if halfway is not None:
            ask(port, made // 2)
            halfway(server)
            server.wait_until(lambda: listens(port))
            made -= made // 2
        ask(port, made)
        server.wait_until(lambda: is_settled(server.log()))
        server.stop(signal.SIGTERM)
        return _arrived(receiver, server.log())


def worked(
    python: Path,
    options: Sequence[str],
    made: int,
    variables: Mapping[str, str],
    *,
    under: Sequence[str] = OURS,
) -> Arrived:
    """Send so many tasks, let a Celery worker do them, end it by SIGTERM, and tell what arrived of both."""
    worker = ["celery", "-A", "celery_shop", "worker", "-l", "INFO", "--without-mingle", *options]
    steps: list[tuple[list[str], Callable[[Server], bool]]] = [
        (["python", "celery_shop.py", str(made)], lambda server: server.process.poll() is not None),
        (worker, lambda server: server.log().count("succeeded in") >= made),
    ]
    log = ""
    with Receiver() as receiver:
        for command, is_done in steps:
            told = {**PATIENT, **variables}
            with Server([*under, *command], receiver, told, python=python, folder=APPLICATIONS) as server:
                server.wait_until(lambda: is_done(server))  # noqa: B023 - called at once
                server.stop(signal.SIGTERM)
                log += server.log()
        return _arrived(receiver, log)


def _arrived(receiver: Receiver, log: str) -> Arrived:
    assert [] == receiver.corrupt
    return Arrived(_shapes(receiver.spans), receiver.duplicates, len(receiver.processes), log)


def _shapes(spans: Sequence[Any]) -> Counter[tuple[str, ...]]:
    by_id = {span.span_id: span for span in spans}
    found: dict[bytes, list[str]] = {}
    for each in spans:
        span = each
        path = [_name(span)]
        while span.parent_span_id in by_id:
            span = by_id[span.parent_span_id]
            path.append(_name(span))
        if span.parent_span_id:
            path.append("(lost)")
        found.setdefault(each.trace_id, []).append(" < ".join(path))
    return Counter(tuple(sorted(paths)) for paths in found.values())


def _name(span: Any) -> str:
    """Return a span's name without what differs: OpenCensus's has the whole URL."""
    return re.sub(r"/\d+$", "/N", re.sub(r"http://127.0.0.1:\d+", "", span.name))
