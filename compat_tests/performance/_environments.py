"""Make each side's environment from its pinned requirements, with uv if it is there, else with venv and pip.

Environments are kept under `.venvs/performance` of the checkout and made anew when a pin or the interpreter
changes. midspan is installed as a user would have it: built from the checkout, not run from its source.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compat_tests.performance._sides import Side

HERE = Path(__file__).parent
CHECKOUT = HERE.parent.parent
KEPT = CHECKOUT / ".venvs" / "performance"
PORTIONS = ("core", "bridges", "exporters", "integrations")


def python_of(side: Side, python: str) -> Path:
    """Give the interpreter of the side's environment, making or renewing the environment if it must be."""
    pins = HERE / "requirements" / f"{side.name}.txt"
    version, prefix = _output([python, "-c", "import sys; print(sys.version[:4], sys.base_prefix)"]).split()
    home = KEPT / f"{side.name}-{version}-{_digest(pins.read_text(), prefix)}"
    stamp = home / "complete"
    wanted = _sources() if side.from_checkout else "pins"
    if not stamp.exists():
        shutil.rmtree(home, ignore_errors=True)
        _create(home, python)
        _install(home, ["--requirement", str(pins)])
    if not stamp.exists() or stamp.read_text() != wanted:
        if side.from_checkout:
            _install(home, [*_afresh(), str(CHECKOUT)])
        stamp.write_text(wanted)
    return home / "bin" / "python"


def clean_environment(extra: dict[str, str]) -> dict[str, str]:
    """Give the variables that a measured process gets: none of the caller's that could set up a library."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    quiet = {
        "DD_TRACE_STARTUP_LOGS": "false",
        "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
        "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    }
    return kept | quiet | extra


def _create(home: Path, python: str) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    if _uv():
        _run([_uv(), "venv", "--quiet", "--python", python, str(home)])
    else:
        _run([python, "-m", "venv", str(home)])


def _install(home: Path, what: list[str]) -> None:
    # The pins are complete, so there is nothing to resolve; a missing one shows itself as an import error.
    python = str(home / "bin" / "python")
    if _uv():
        _run(
            [_uv(), "pip", "install", "--quiet", "--no-deps", "--compile-bytecode", "--python", python, *what]
        )
    else:
        _run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", *what])


def _afresh() -> list[str]:
    return ["--reinstall-package", "midspan"] if _uv() else ["--force-reinstall"]


@functools.cache
def _uv() -> str:
    """Name uv if it is there and runs; a version manager's stand-in for it may be there and not run."""
    found = shutil.which("uv") or ""
    runs = found and subprocess.run([found, "--version"], check=False, capture_output=True).returncode == 0
    return found if runs else ""


def _sources() -> str:
    files = (path for root in PORTIONS for path in sorted((CHECKOUT / root / "midspan").rglob("*.py")))
    return _digest(*(path.read_text() for path in (CHECKOUT / "pyproject.toml", *files)))


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-2_000:]}{done.stderr[-2_000:]}")
