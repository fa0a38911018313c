"""The import contracts catch what they are for: each is shown an import that must not be."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from compat_tests import _environments

ROOT = _environments.ROOT
ROOTS = ("core", "bridges", "exporters", "integrations")


@pytest.fixture(scope="module")
def lint_imports():
    """Return the path of import-linter in the environment of the checks."""
    python = _environments.environment(ROOT / "constraints" / "lint.txt", name="lint")
    return python.with_name("lint-imports")


@pytest.fixture
def verdict(lint_imports, tmp_path):
    """Copy the four roots, add modules to the copy, and return import-linter's exit code and report."""
    for root in ROOTS:
        shutil.copytree(ROOT / root / "midspan", tmp_path / root / "midspan")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)

    def check(**modules: str) -> tuple[int, str]:
        for place, code in modules.items():
            file = tmp_path.joinpath(*place.split("__")).with_suffix(".py")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(code)
        path = os.pathsep.join(str(tmp_path / root) for root in ROOTS)
        done = subprocess.run(
            [lint_imports, "--no-cache", "--no-logo"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
            env={**os.environ, "PYTHONPATH": path},
        )
        return done.returncode, done.stdout

    return check


@pytest.mark.slow
def test_the_tree_as_it_stands_keeps_the_contracts(verdict):
    """Nothing in the checkout imports against the layers."""
    code, report = verdict()
    assert code == 0, report


@pytest.mark.slow
def test_the_core_must_not_import_a_plug_in(verdict):
    """A lower layer that imports an exporter is caught."""
    code, report = verdict(
        exporters__midspan__exporters__wrong="",
        core__midspan__trace__wrong="import midspan.exporters.wrong\n",
    )
    assert (1, True) == (code, "midspan.trace.wrong -> midspan.exporters.wrong" in report), report


@pytest.mark.slow
def test_the_api_must_not_import_the_sdk(verdict):
    """The API importing what lies above it is caught, inside a function too."""
    code, report = verdict(core__midspan__trace__wrong="def late():\n    import midspan.sdk.ids\n")
    assert (1, True) == (code, "midspan.trace.wrong -> midspan.sdk.ids" in report), report


@pytest.mark.slow
def test_plug_ins_must_not_see_each_other(verdict):
    """A bridge that imports an exporter is caught."""
    code, report = verdict(
        exporters__midspan__exporters__wrong="",
        bridges__midspan__bridges__wrong="import midspan.exporters.wrong\n",
    )
    assert (1, True) == (code, "midspan.bridges.wrong -> midspan.exporters.wrong" in report), report


@pytest.mark.slow
def test_a_plug_in_must_not_rest_on_the_sdk(verdict):
    """An exporter that imports the SDK is caught, though it lies above it."""
    code, report = verdict(exporters__midspan__exporters__wrong="from midspan.sdk import ids\n")
    assert (1, True) == (code, "midspan.exporters.wrong -> midspan.sdk.ids" in report), report
