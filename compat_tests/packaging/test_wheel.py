"""The distribution as a user gets it: the wheel built from the sdist, installed where no checkout is."""

from __future__ import annotations

import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from compat_tests import _environments

if TYPE_CHECKING:
    from pathlib import Path

ROOT = _environments.ROOT
ROOTS = ("core", "bridges", "exporters", "integrations")


def sources() -> dict[str, Path]:
    """Return the files of all four portions, by the name that the wheel must give them."""
    return {
        file.relative_to(ROOT / root).as_posix(): file
        for root in ROOTS
        for file in (ROOT / root / "midspan").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def modules() -> list[str]:
    """Return the names under which the four portions' modules are imported."""
    names = [name.removesuffix(".py") for name in sources() if name.endswith(".py")]
    return sorted(name.removesuffix("/__init__").replace("/", ".") for name in names)


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """Install the wheel, and what all extras need, into a new environment; return its interpreter."""
    folder = tmp_path_factory.mktemp("user") / "venv"
    _environments.create(folder)
    _environments.install(folder, ["--no-deps", "-r", str(_environments.BUILD_PINS)])
    for extra in ("all", "demo"):
        pins = str(ROOT / "constraints" / f"{extra}.txt")
        _environments.install(folder, ["--no-deps", "--no-build-isolation", "-r", pins])
    _environments.install(folder, ["--no-deps", str(wheel)])
    return _environments.python_in(folder)


@pytest.mark.slow
def test_the_wheel_holds_every_portion(wheel):
    """The wheel built from the sdist holds each file of the four roots, byte for byte, and no other."""
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}
    assert {name: file.read_bytes() for name, file in sources().items()} == held


@pytest.mark.slow
def test_the_wheel_holds_the_licence(wheel):
    """Whoever gets the wheel gets the licence."""
    with zipfile.ZipFile(wheel) as archive:
        (licence,) = [name for name in archive.namelist() if name.endswith("LICENSE")]
        assert (ROOT / "LICENSE").read_bytes() == archive.read(licence)


@pytest.mark.slow
def test_every_module_of_the_installed_wheel_imports(installed, tmp_path):
    """With the extras' libraries present, each module can be imported, and comes from the wheel."""
    script = f"import importlib as i\nfor name in {modules()}: print(i.import_module(name).__file__)"
    done = subprocess.run(
        [installed, "-I", "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert [] == [file for file in done.stdout.split() if "site-packages" not in file]


@pytest.mark.slow
def test_the_installed_command_runs(installed, tmp_path):
    """The console script is there and knows its version."""
    script = installed.with_name("midspan")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (0, "midspan ") == (done.returncode, done.stdout[:8])


@pytest.mark.slow
def test_a_users_type_checker_sees_the_types_of_the_installed_wheel(installed, tmp_path):
    """Under mypy --strict each portion has its types where midspan is installed, as in the checkout."""
    imports = [f"import {name}" for name in modules() if "._" not in name]
    (tmp_path / "imports.py").write_text("\n".join(imports) + "\n")
    (tmp_path / "typing_api.py").write_bytes((ROOT / "core" / "tests" / "typing_api.py").read_bytes())
    tools = _environments.environment(ROOT / "constraints" / "lint.txt", name="lint")
    options = ["--strict", "--python-executable", installed, "--cache-dir", tmp_path / "cache"]
    command = [tools.with_name("mypy"), *options, "imports.py", "typing_api.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (0, "Success: no issues found in 2 source files\n") == (done.returncode, done.stdout)
