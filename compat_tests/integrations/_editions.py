"""The two ends between which every integration must work: the oldest supported versions, and the newest."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from compat_tests._environments import environment, find_python

__all__ = ["EDITIONS", "HERE", "INSIDE", "Edition"]

HERE = Path(__file__).parent
INSIDE = HERE / "inside"


class Edition(NamedTuple):
    """Pinned versions of all libraries, and the Python that they are run on."""

    name: str
    python: str

    @property
    def pins(self) -> dict[str, str]:
        """The version of each library by its normalised name."""
        lines = (HERE / "requirements" / f"{self.name}.txt").read_text().splitlines()
        pairs = (line.split("==") for line in lines if "==" in line)
        return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pairs}

    def interpreter(self) -> Path:
        """Return an interpreter that has these libraries, and midspan."""
        python = find_python(self.python)
        if python is None:
            pytest.skip(f"CPython {self.python} is not installed")
        requirements = HERE / "requirements" / f"{self.name}.txt"
        return environment(requirements, name=f"integrations-{self.name}", python=python)


EDITIONS = (Edition("oldest", "3.10"), Edition("newest", "3.13"))
