"""Play a library's scenario in the library's environment, once for each tracer."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from compat_tests._environments import environment, find_python
from compat_tests.opentracing.libraries._catalogue import PYTHON, SCENARIOS, Library
from compat_tests.opentracing.libraries._servers import Servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Play = "Callable[[Library, str], dict[str, Any]]"


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The servers, started as they are needed."""
    servers = Servers()
    yield servers
    servers.close()


@pytest.fixture(scope="session")
def play(
    servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Library, str], dict[str, Any]]:
    """What plays a library's scenario over a tracer and returns the record; none is played twice."""
    played: dict[tuple[Library, str], dict[str, Any]] = {}

    def play(library: Library, actor: str) -> dict[str, Any]:
        if (library, actor) not in played:
            folder = tmp_path_factory.mktemp(library.scenario)
            output = folder / f"{actor}.json"
            ports = [f"{name}={servers.port(name)}" for name in library.servers]
            command = [_python(library), str(SCENARIOS), library.scenario, actor, str(output), *ports]
            _run(command, f"{library.name} over {actor}", cwd=str(folder))
            played[library, actor] = json.loads(output.read_text(encoding="utf-8"))
        return played[library, actor]

    return play


def _python(library: Library) -> str:
    python = find_python(PYTHON)
    if python is None:
        pytest.skip(f"CPython {PYTHON} is not installed")
    return str(environment(library.requirements, name=f"libraries-{library.environment}", python=python))


def _run(command: list[str], title: str, cwd: str) -> None:
    # Only what the scenario says configures the tracer, and no proxy stands between two loopback ports.
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "JAEGER_"))}
    env = {**kept, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env, cwd=cwd, check=False)
    if done.returncode:
        pytest.fail(
            f"{title} failed ({done.returncode}):\n{done.stdout[-1000:]}\n{done.stderr[-4000:]}",
            pytrace=False,
        )
