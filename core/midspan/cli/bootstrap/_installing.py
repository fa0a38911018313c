"""Install what is lacking, and nothing else, into the environment of this interpreter."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CannotInstallError", "install", "words_to_install"]


class CannotInstallError(Exception):
    """There is nothing that could install; the message says what would help."""


def words_to_install() -> list[str]:
    """Return the command that installs here, without what it is to install.

    It is this interpreter's own pip; where there is none, uv, from this environment or from PATH. Where there
    is neither, it is pip's all the same, so that it can be shown.
    """
    uv = None if util.find_spec("pip") else _uv()
    if uv is not None:
        return [uv, "pip", "install", "--python", sys.executable]
    return [sys.executable, "-m", "pip", "install"]


def install(requirements: Sequence[str], pins: Sequence[str]) -> int:
    """Show a command that installs requirements, run it, and return its exit code.

    What the pins name stays in the version that they name; where that cannot be, nothing is installed.

    Raises:
        CannotInstallError: There is neither pip nor uv.
    """
    if util.find_spec("pip") is None and _uv() is None:
        raise CannotInstallError(
            f"{sys.executable} has no pip, and there is no uv: `python -m ensurepip` brings pip"
        )
    with tempfile.TemporaryDirectory(prefix="midspan-") as folder:
        constraints = Path(folder, "as-installed.txt")
        constraints.write_text("".join(f"{pin}\n" for pin in pins), encoding="utf-8")
        command = [*words_to_install(), "--constraint", str(constraints), *requirements]
        print("$", shlex.join(command), flush=True)
        # That there is a newer pip is of no interest to somebody who asked for something else.
        environment = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", **os.environ}
        return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - what it has just shown


def _uv() -> str | None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return shutil.which("uv", path=path)
