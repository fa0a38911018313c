"""Keep virtual environments: made once from pinned requirements, under .venvs/, made again when those change.

Standard library only, because this runs before anything is installed. `uv` does the work if it is on PATH;
otherwise the interpreter's own venv and pip do. Requirements are installed with `--no-deps` unless the caller
says that they are not complete: with every pin written down there is nothing for a resolver to search.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venvs"
BUILD_PINS = ROOT / "constraints" / "build.txt"
PYTHONS = ("3.10", "3.11", "3.12", "3.13")

# Part of each environment's stamp: raise it when the recipe below changes.
RECIPE = 1


def environment(  # noqa: PLR0913 -- each is one independent choice, given by name
    requirements: Path | Sequence[Path],
    *,
    name: str | None = None,
    python: str = sys.executable,
    complete: bool = True,
    with_build_tools: bool = True,
    with_midspan: bool = True,
) -> Path:
    """Return the interpreter of an environment that holds these requirement files, making it if need be.

    `name` is the folder's name under .venvs/, by default the first file's folder and stem; the version of
    Python is added to it. With `complete=False` the installer resolves what the files leave open. Without
    build tools, midspan is built in isolation: the environment holds nothing that was not asked for.

    Raises RuntimeError with the installer's output if something cannot be installed.
    """
    files = [requirements] if isinstance(requirements, Path) else list(requirements)
    version = version_of(python)
    folder = HOME / f"{name or files[0].parent.name + '-' + files[0].stem}-{version}"
    build = [BUILD_PINS] if with_build_tools else []
    stamp = _stamp([*build, *files], python, version, complete)
    with _locked(folder):
        if _read(folder / "stamp") != stamp:
            _say(f"making .venvs/{folder.name} ({'uv' if _uv() else 'pip'})")
            create(folder, python)
            for pins in build:
                install(folder, ["--no-deps", "-r", str(pins)])
            options = [*(["--no-deps"] if complete else []), *(["--no-build-isolation"] if build else [])]
            install(folder, [*options, *(word for file in files for word in ("-r", str(file)))])
            (folder / "stamp").write_text(stamp)
        if with_midspan:
            _install_midspan(folder, isolated=not build)
    return python_in(folder)


def python_in(folder: Path) -> Path:
    """Return the interpreter of the environment in a folder, whether it exists or not."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def version_of(python: str) -> str:
    """Return an interpreter's version as "3.11"; RuntimeError if it does not start."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return run([python, "-I", "-c", code]).strip()


def find_python(version: str) -> str | None:
    """Find an interpreter of a version such as "3.12": this one, on PATH, pyenv's or uv's."""
    if version == "{}.{}".format(*sys.version_info):
        return getattr(sys, "_base_executable", None) or sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [
        shutil.which(f"python{version}"),
        *(str(python_in(folder)) for folder in sorted(pyenv.glob(f"{version}.*"), reverse=True)),
        _uv_python(version),
    ]
    return next((found for found in candidates if found and _is_version(found, version)), None)


def create(folder: Path, python: str = sys.executable) -> None:
    """Make an empty environment in a folder, in place of what is there. Raises RuntimeError."""
    shutil.rmtree(folder, ignore_errors=True)
    if _uv():
        run(["uv", "venv", "--quiet", "--no-project", "--python", python, str(folder)])
        return
    try:
        run([python, "-m", "venv", str(folder)])
    except RuntimeError as trouble:
        hint = "Debian keeps it in python3-venv; uv, on PATH, would do without it"
        message = f"{python} cannot make a virtual environment ({hint}):\n{trouble}"
        raise RuntimeError(message) from None


def install(folder: Path, arguments: Sequence[str]) -> None:
    """Install into the environment in a folder; pip's and uv's common arguments. Raises RuntimeError."""
    python = str(python_in(folder))
    if _uv():
        command = ["uv", "pip", "install", "--quiet", "--python", python]
    else:
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    run([*command, *arguments])


def run(command: Sequence[str]) -> str:
    """Run a command and return what it prints; RuntimeError with all of its output if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        _fail(command, done)
    return done.stdout


def _is_version(python: str, version: str) -> bool:
    # A shim on PATH may stand for an interpreter that is not there.
    try:
        return version_of(python) == version
    except (OSError, RuntimeError):
        return False


def _uv_python(version: str) -> str | None:
    if not _uv():
        return None
    with contextlib.suppress(RuntimeError):
        return run(["uv", "python", "find", "--no-project", version]).strip()
    return None


@functools.cache
def _uv() -> bool:
    try:
        run(["uv", "--version"])
    except (OSError, RuntimeError):
        return False
    return True


def _install_midspan(folder: Path, *, isolated: bool) -> None:
    """Install the checkout in editable form; again only when its metadata changed or the checkout moved."""
    stamp = f"{ROOT}\n{hashlib.sha256((ROOT / 'pyproject.toml').read_bytes()).hexdigest()}\n"
    if _read(folder / "stamp.midspan") == stamp:
        return
    install(folder, ["--no-deps", *([] if isolated else ["--no-build-isolation"]), "-e", str(ROOT)])
    (folder / "stamp.midspan").write_text(stamp)


def _stamp(files: Sequence[Path], python: str, version: str, complete: bool) -> str:
    contents = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    facts = {"recipe": RECIPE, "python": python, "version": version, "complete": complete, "files": contents}
    return json.dumps(facts)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process at a time make an environment; the others wait and then find it made."""
    folder.parent.mkdir(exist_ok=True)
    with folder.with_name(folder.name + ".lock").open("w") as lock:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read(file: Path) -> str | None:
    return file.read_text() if file.exists() else None


def _fail(command: Sequence[str], done: subprocess.CompletedProcess[str]) -> NoReturn:
    message = f"{' '.join(command)} failed ({done.returncode}):\n{done.stdout}{done.stderr}"
    raise RuntimeError(message)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
