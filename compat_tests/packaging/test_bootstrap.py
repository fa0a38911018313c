"""`midspan bootstrap` where midspan has just been installed: real libraries, pip, uv, what they refuse."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from compat_tests import _environments

if TYPE_CHECKING:
    from pathlib import Path

PINS = _environments.ROOT / "constraints" / "test.txt"
LACKING = "prometheus-client>=0.16 is not installed (OTEL_METRICS_EXPORTER)"


class Service:
    """A service that midspan has just been installed into, beside Flask and OpenTracing."""

    def __init__(self, folder: Path, installer: str, wheel: Path) -> None:
        self.installer = installer
        self.folder = folder
        self.python = _environments.python_in(folder / "venv")
        self.variables = {"OTEL_TRACES_EXPORTER": "jsonl", "OTEL_METRICS_EXPORTER": "prometheus"}
        _environments.create(folder / "venv")
        # OpenTracing comes as source only.
        _environments.install(folder / "venv", ["--no-deps", "-r", str(_environments.BUILD_PINS)])
        here = ["flask", "opentracing", str(wheel)]
        if installer == "pip":
            here.append("pip")
        elif shutil.which("uv") is None:
            here.append("uv")
        _environments.install(folder / "venv", ["--no-build-isolation", "-c", str(PINS), *here])
        if installer == "uv" and not _fails([self.python, "-m", "pip", "--version"]):
            _environments.run([str(self.python), "-m", "pip", "uninstall", "--quiet", "--yes", "pip"])

    def bootstrap(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command as a person would."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "PIP_"))}
        return subprocess.run(
            [self.python.with_name("midspan"), "bootstrap", *words],
            env={**clean, **self.variables, **variables},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def holds(self) -> set[str]:
        """Return what is installed, each with its version."""
        code = "from importlib.metadata import *\nfor d in distributions(): print(d.name, d.version)"
        return set(_environments.run([str(self.python), "-I", "-c", code]).splitlines())


def _fails(command: list[str | Path]) -> bool:
    return bool(subprocess.run(command, capture_output=True, check=False).returncode)


@pytest.fixture(scope="module", params=["pip", "uv"])
def service(request, wheel, tmp_path_factory) -> Service:
    """Return a service whose environment has pip, and one that has not."""
    return Service(tmp_path_factory.mktemp("service"), request.param, wheel)


def write_wheel(folder: Path, name: str, version: str, *lines: str) -> None:
    """Write a wheel that holds nothing but its metadata, and entry points if there are any."""
    info = f"{name}-{version}.dist-info"
    points = "".join(line for line in lines if line.startswith("["))
    about = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    about += [f"{line}\n" for line in lines if not line.startswith("[")]
    files = {
        f"{info}/METADATA": "".join(about),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": points,
        f"{name}.py": "Quill = object\n",
    }
    record = "".join(f"{path},{_digest(text)},{len(text)}\n" for path, text in files.items())
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)


def _digest(text: str) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


@pytest.mark.slow
def test_what_lacks_is_installed_and_nothing_else_changes(service):
    """It is told first, with exit code 1; then installed from the package index; then nothing lacks."""
    told = service.bootstrap()
    assert (1, "") == (told.returncode, told.stderr)
    lines = {" ".join(line.split()) for line in told.stdout.splitlines()}
    assert {"✓ flask Flask 2.3.3", "✓ opentracing opentracing 2.4.0", f"✗ prometheus {LACKING}"} <= lines
    before = service.holds()
    done = service.bootstrap("--install")
    assert 0 == done.returncode, done.stdout + done.stderr
    shown, _, rest = done.stdout.partition("\n")
    command = f"{service.python} -m pip install" if service.installer == "pip" else "uv pip install --python"
    assert (True, True) == (shown.startswith("$ "), command in shown)
    assert shown.endswith("'prometheus-client>=0.16'")
    assert rest.endswith("✓ nothing is lacking\n")
    (new,) = service.holds() - before
    assert (True, set()) == (new.startswith("prometheus_client "), before - service.holds())
    again = service.bootstrap("--requirements")
    expected = f"midspan[flask,opentracing,prometheus]=={_version_of('midspan', before)}\n"
    assert (0, expected, "") == (again.returncode, again.stdout, again.stderr)


@pytest.mark.slow
def test_what_would_change_something_is_not_installed(service, tmp_path):
    """The installer's own words say why; afterwards all is as it was."""
    exporter = ("Provides-Extra: quill", 'Requires-Dist: ink>=2; extra == "quill"')
    write_wheel(tmp_path, "quills", "1.0", *exporter, "[midspan.exporters]\nquill = quills:Quill\n")
    write_wheel(tmp_path, "paper", "1.0")
    write_wheel(tmp_path, "paper", "2.0")
    write_wheel(tmp_path, "ink", "2.0", "Requires-Dist: paper>=2")
    local = ["--no-index", "--find-links", str(tmp_path)]
    _environments.install(service.folder / "venv", [*local, "quills", "paper==1.0"])
    before = service.holds()
    variables = {f"{name}_FIND_LINKS": str(tmp_path) for name in ("PIP", "UV")}
    variables |= {"PIP_NO_INDEX": "1", "UV_NO_INDEX": "1"}
    done = service.bootstrap(
        "--install", OTEL_METRICS_EXPORTER="none", OTEL_TRACES_EXPORTER="quill", **variables
    )
    assert (1, before) == (done.returncode, service.holds())
    assert (True, True) == ("'ink>=2'" in done.stdout, "paper" in done.stdout + done.stderr)
    assert "midspan bootstrap: nothing is installed: the command ended with 1" in done.stderr
    # Where what is here will do, it is kept, though there is something newer.
    write_wheel(tmp_path, "ink", "2.1", "Requires-Dist: paper>=1")
    done = service.bootstrap(
        "--install", OTEL_METRICS_EXPORTER="none", OTEL_TRACES_EXPORTER="quill", **variables
    )
    assert (0, {"ink 2.1"}) == (done.returncode, service.holds() - before), done.stdout + done.stderr


def _version_of(name: str, held: set[str]) -> str:
    (version,) = [each.split()[1] for each in held if each.startswith(f"{name} ")]
    return version
