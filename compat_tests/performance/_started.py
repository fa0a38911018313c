"""Tell what instrumenting adds to the start of a program that makes no span: the same one plain and not."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from compat_tests.performance._environments import HERE, clean_environment
from compat_tests.performance._processes import SideError
from compat_tests.performance._server import INSTRUMENTS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PROGRAMS", "started_ms"]

PROGRAMS = {"pass": "pass", "flask": "import flask_hello"}
# There is nothing to send, and nobody to send it to.
_ENVIRONMENT = {
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
    "PYTHONPATH": ".",
}


def started_ms(side: str, python: Path, program: str) -> float:
    """Return the CPU in ms that a side adds to a program, from start to end; SideError if it fails."""
    words = [str(python), "-c", PROGRAMS[program]]
    first, *rest = INSTRUMENTS[side]
    return _cpu_ms([str(python.with_name(first)), *rest, *words]) - _cpu_ms(words)


def _cpu_ms(command: list[str]) -> float:
    process = subprocess.Popen(
        command,
        cwd=HERE / "served",
        env=clean_environment(_ENVIRONMENT),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SideError(f"{' '.join(command)} ended with {process.returncode}")
    return (used.ru_utime + used.ru_stime) * 1_000
