"""Play a library's scenario in the library's environment, in a process of its own, and read the record."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from compat_tests._environments import environment, find_python
from compat_tests._scenarios._library import HERE, PYTHON, Library

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from compat_tests._scenarios._servers import Servers

# Only what a scenario says configures its tracers.
_NOT_HANDED_ON = ("OTEL_", "JAEGER_", "MIDSPAN_", "PYTHONPATH")
# No proxy stands between two loopback ports.
_ADDED = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}


class Player:
    """Play each scenario of a catalogue once for each actor.

    Attributes:
        home: the catalogue's folder, with its requirements files and its scenarios/.
        prefix: what the environments' names begin with.
    """

    def __init__(self, home: Path, prefix: str, servers: Servers, make_folder: Callable[[str], Path]) -> None:
        self.home = home
        self.prefix = prefix
        self._servers = servers
        self._make_folder = make_folder
        self._played: dict[tuple[Library, str], dict[str, Any]] = {}

    def __call__(self, library: Library, actor: str) -> dict[str, Any]:
        """Return the record of a library over an actor; none is played twice."""
        if (library, actor) not in self._played:
            self._played[library, actor] = self._play(library, actor)
        return self._played[library, actor]

    def _play(self, library: Library, actor: str) -> dict[str, Any]:
        folder = self._make_folder(library.scenario)
        output = folder / f"{actor}.json"
        ports = [f"{name}={self._servers.port(name)}" for name in library.servers]
        inside = str(HERE / "inside")
        command = [self._python(library), inside, library.scenario, actor, str(output), *ports]
        self._run(command, f"{library.name} over {actor}", cwd=str(folder))
        record: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
        return record

    def _python(self, library: Library) -> str:
        python = find_python(PYTHON)
        if python is None:
            pytest.skip(f"CPython {PYTHON} is not installed")
        pins = self.home / f"requirements-{library.environment}.txt"
        return str(environment(pins, name=f"{self.prefix}-{library.environment}", python=python))

    def _run(self, command: list[str], title: str, cwd: str) -> None:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_NOT_HANDED_ON)}
        env = {**kept, **_ADDED, "PYTHONPATH": str(self.home / "scenarios")}
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=120, env=env, cwd=cwd, check=False
        )
        if done.returncode:
            pytest.fail(
                f"{title} failed ({done.returncode}):\n{done.stdout[-1000:]}\n{done.stderr[-4000:]}",
                pytrace=False,
            )
