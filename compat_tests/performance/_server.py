"""Run a web server as its users do, plain or under a command that instruments it, and tell what it costs."""

from __future__ import annotations

import contextlib
import http.client
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from compat_tests.performance._environments import HERE, clean_environment
from compat_tests.performance._load import ask
from compat_tests.performance._processes import SideError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

STARTS_WITHIN_S = 30

# One process serves. Nothing is logged for a request, as behind a proxy that does so already.
COMMANDS = {
    "flask": ("gunicorn", "--bind={address}", "--workers=1", "--log-level=warning", "flask_hello:app"),
    "fastapi": (
        "uvicorn",
        "--port={port}",
        "--log-level=warning",
        "--no-access-log",
        "fastapi_hello:app",
    ),
}
# What stands before the server's own command.
INSTRUMENTS = {"midspan": ("midspan", "run"), "opentelemetry_web": ("opentelemetry-instrument",)}


class Server:
    """A server that was started, and answers; leave the `with` block to end it."""

    def __init__(self, python: Path, words: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start a command with the programs beside `python`; its words may name `{port}` and `{address}`."""
        self.port = _free_port()
        places = {"port": self.port, "address": f"127.0.0.1:{self.port}"}
        programs = python.parent
        command = [word.format(**places) for word in words]
        # Our own command looks there for programs by itself; the other wants a path.
        command = [str(programs / word) if (programs / word).exists() else word for word in command]
        self._complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed on exit
        self._process = subprocess.Popen(
            command,
            cwd=HERE / "served",
            env=clean_environment({"PYTHONPATH": ".", **environment}),
            stdout=subprocess.DEVNULL,
            stderr=self._complaints,
        )

    def __enter__(self) -> Server:
        """Wait for the first answer."""
        until = time.monotonic() + STARTS_WITHIN_S
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                ask(self.port, 1)
                return self
            if time.monotonic() > until or self._process.poll() is not None:
                self.__exit__()
                raise SideError(f"the server does not answer: {self._process.args}\n{self.complaint}")
            time.sleep(0.05)

    def __exit__(self, *_exc: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._complaints.seek(0)
        self.complaint = self._complaints.read()[-2_000:]
        self._complaints.close()

    def cpu_ns(self) -> int:
        """Tell what CPU time the server's processes have taken so far."""
        return sum(time.clock_gettime_ns(_clock_of(pid)) for pid in _tree(self._process.pid))


def _clock_of(pid: int) -> int:
    # As clock_getcpuclockid(3) has it on Linux: in nanoseconds, of all threads, of those that ended too.
    return ~pid << 3 | 2


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from _tree(int(child))


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])
