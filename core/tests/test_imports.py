"""What an import of the core brings with it: nothing of others', and little of the standard library."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parents[1]
MODULES = sorted(
    ".".join(file.relative_to(CORE).with_suffix("").parts).removesuffix(".__init__")
    for file in (CORE / "midspan").rglob("*.py")
    if file.name != "__main__.py"
)
# What each of these costs at import is more than the tracing interface may cost in all.
HEAVY = {
    "asyncio", "collections", "concurrent.futures", "contextlib", "dataclasses", "email", "enum", "functools",
    "http.client", "importlib.metadata", "inspect", "json", "logging", "logging.handlers", "multiprocessing",
    "platform", "queue", "random", "re", "signal", "socket", "ssl", "subprocess", "tempfile", "threading",
    "traceback", "typing", "urllib.parse", "urllib.request", "uuid", "weakref",
}  # fmt: skip


def loaded_by(*modules: str) -> set[str]:
    """Return what a bare interpreter loads for these imports, beyond what it had."""
    code = (
        "import sys; before = set(sys.modules); sys.path.insert(0, sys.argv[1])\n"
        "for name in sys.argv[2:]: __import__(name)\n"
        "loaded = sorted(set(sys.modules) - before)\n"
        "import json; print(json.dumps(loaded))"
    )
    # Isolated and without site: no third-party package can be found, whatever is installed.
    command = [sys.executable, "-I", "-S", "-c", code, str(CORE), *modules]
    return set(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def test_the_core_imports_nothing_of_others():
    """Every module of the core can be imported where nothing is installed, and loads no package."""
    foreign = {name.partition(".")[0] for name in loaded_by(*MODULES)} - set(sys.stdlib_module_names)
    assert {"midspan"} == foreign


def test_the_tracing_interface_is_lean():
    """`import midspan.trace` brings a handful of small modules, and none of the heavy ones."""
    loaded = {name for name in loaded_by("midspan.trace") if not name.startswith("midspan")}
    assert set() == loaded & HEAVY
    assert len(loaded) <= 16


@pytest.mark.parametrize("name", ["midspan.context", "midspan.baggage"])
def test_context_and_baggage_are_lean(name):
    """A library that only carries context along pays next to nothing."""
    assert set() == loaded_by(name) & HEAVY


@pytest.mark.parametrize("name", ["midspan.trace", "midspan.metrics", "midspan.propagation"])
def test_an_interface_does_not_bring_the_sdk(name):
    """Libraries use the interfaces; the rest is loaded when an application configures it."""
    loaded = loaded_by(name)
    assert [] == [
        each for each in loaded if each.startswith(("midspan.sdk", "midspan.testing", "midspan.cli"))
    ]


def test_the_sdk_brings_no_network():
    """What exporters need, they import when they are used."""
    assert set() == loaded_by("midspan.sdk") & {"asyncio", "ssl", "socket", "http.client", "urllib.request"}
