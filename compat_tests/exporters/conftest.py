"""Receivers that nobody here wrote, each in an environment of its own, on free ports of loopback."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from compat_tests import _environments
from midspan import sdk

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIREMENTS = Path(__file__).parent / "requirements"
READY_WITHIN_S = 60.0
SEEN_WITHIN_S = 20.0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def python_with(name: str) -> Path:
    """Return the interpreter of the environment that a receiver lives in."""
    requirements = REQUIREMENTS / f"{name}.txt"
    return _environments.environment(
        requirements, name=f"exporters-{name}", with_midspan=False, with_build_tools=False
    )


@contextlib.contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[None]:
    """Run a server until the block ends; begin once it listens."""
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            wait_for(process, port, log)
            yield
        finally:
            process.terminate()


def wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return once a server listens on a port; fail with its log if it does not."""
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"{process.args!r} does not listen:\n{log.read_text(errors='replace')}")
        time.sleep(0.05)


class Ports(NamedTuple):
    """Where a receiver takes OTLP."""

    http: int
    grpc: int


class Agent:
    """ddapm-test-agent: a server that tells what it was sent."""

    def __init__(self, ports: Ports) -> None:
        self.url = f"http://127.0.0.1:{ports.http}"
        self.grpc_url = f"http://127.0.0.1:{ports.grpc}"
        self.ask("clear")

    def endpoint(self, protocol: str) -> str:
        """Return where it listens for OTLP."""
        return self.grpc_url if protocol == "grpc" else self.url

    def ask(self, what: str) -> Any:
        """Return what the agent answers about its session."""
        with urllib.request.urlopen(f"{self.url}/test/session/{what}", timeout=10) as answer:
            text = answer.read().decode()
        return json.loads(text) if text.startswith(("[", "{")) else text


class Rotel:
    """rotel, a collector in Rust: it decodes strictly and writes all that it decodes into its log."""

    def __init__(self, ports: Ports, log: Path) -> None:
        self.url = f"http://127.0.0.1:{ports.http}"
        self.grpc_url = f"http://127.0.0.1:{ports.grpc}"
        self._log = log
        self._begin = log.stat().st_size

    def endpoint(self, protocol: str) -> str:
        """Return where it listens for OTLP."""
        return self.grpc_url if protocol == "grpc" else self.url

    def text(self) -> str:
        """Return what was logged since this test began, without colours."""
        with self._log.open("rb") as log:
            log.seek(self._begin)
            return re.sub(r"\x1b\[[0-9;]*m", "", log.read().decode(errors="replace"))

    def text_with(self, words: str, times: int = 1) -> str:
        """Wait until the log holds certain words often enough; return it in any case."""
        deadline = time.monotonic() + SEEN_WITHIN_S
        while self.text().count(words) < times and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.text()


@pytest.fixture(scope="session")
def agent_ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    """Start the test agent, once for all tests; return the ports on which it takes OTLP."""
    main, http, grpc = free_port(), free_port(), free_port()
    command = [str(python_with("test_agent").with_name("ddapm-test-agent")), "--host", "127.0.0.1"]
    command += ["--port", str(main), "--otlp-http-port", str(http), "--otlp-grpc-port", str(grpc)]
    with running(command, http, tmp_path_factory.mktemp("agent") / "log"):
        yield Ports(http, grpc)


@pytest.fixture
def test_agent(agent_ports: Ports) -> Agent:
    """Return an agent that has not been sent anything yet."""
    return Agent(agent_ports)


@pytest.fixture(scope="session")
def rotel_started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ports, Path]]:
    """Start rotel, once for all tests; return its ports and its log."""
    folder = tmp_path_factory.mktemp("rotel")
    http, grpc, log = free_port(), free_port(), folder / "log"
    packages = python_with("rotel").parent.parent
    (agent,) = packages.glob("lib/python*/site-packages/rotel/rotel-agent")
    command = [str(agent), "start", "--pid-file", str(folder / "pid"), "--exporter", "blackhole"]
    command += ["--otlp-http-endpoint", f"127.0.0.1:{http}", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}"]
    command += ["--debug-log", "traces", "--debug-log", "metrics", "--debug-log-verbosity", "detailed"]
    with running(command, http, log):
        yield Ports(http, grpc), log


@pytest.fixture
def rotel(rotel_started: tuple[Ports, Path]) -> Rotel:
    """Return a collector, and what it logs from now on."""
    return Rotel(*rotel_started)


@pytest.fixture(autouse=True)
def clean_slate() -> Iterator[None]:
    """Begin and end with nothing configured."""
    sdk.reset()
    yield
    sdk.reset()
