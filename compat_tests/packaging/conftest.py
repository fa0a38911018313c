"""The wheel, as a user gets it."""

from __future__ import annotations

import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from compat_tests import _environments

if TYPE_CHECKING:
    from pathlib import Path


def build(kind: str, source: Path, target: Path) -> Path:
    """Build one archive with the build tools that the environment holds, and return it."""
    command = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        f"--{kind}",
        "--outdir",
        str(target),
        str(source),
    ]
    _environments.run(command)
    return next(target.glob("*.whl" if kind == "wheel" else "*.tar.gz"))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """Build an sdist from the checkout, and a wheel from that sdist alone."""
    folder = tmp_path_factory.mktemp("dist")
    sdist = build("sdist", _environments.ROOT, folder)
    with tarfile.open(sdist) as archive:
        # The filter is not there in the first releases of 3.10 and 3.11; the archive is our own.
        archive.extractall(
            folder / "unpacked", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {})
        )
    return build("wheel", next((folder / "unpacked").iterdir()), folder)
