"""The bridge's own tests and OpenTracing's harness, over each release of OpenTracing since 2.0."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from compat_tests._environments import ROOT, environment, find_python

PYTHON = "3.11"
HERE = Path(__file__).parent
TESTS = [
    "bridges/tests/opentracing",
    *(f"compat_tests/opentracing/test_harness{x}.py" for x in ("", "_scopes")),
]
# The old releases' docstrings hold escapes that Python has come to warn of.
THEIRS = ["-W", "ignore:invalid escape sequence"]
# What may be skipped: the asyncio manager of before 2.4 does not run on Python 3.9 or newer; the contextvars
# manager came with 2.3, the functions for the global tracer with 2.1.
MANAGERS = 13 + 25 + 8
SKIPPED = {
    "2.0.0": 2 * MANAGERS + 4,
    "2.1.0": 2 * MANAGERS + 2,
    "2.2.0": 2 * MANAGERS + 2,
    "2.3.0": MANAGERS,
    "2.4.0": 0,
}


@pytest.mark.slow
@pytest.mark.parametrize("release", SKIPPED)
def test_every_release_of_opentracing(release: str) -> None:
    """All tests pass, and none is skipped but what the release lacks."""
    python = find_python(PYTHON)
    if python is None:
        pytest.skip(f"CPython {PYTHON} is not installed")
    files = [ROOT / "constraints" / "bare.txt", HERE / f"requirements-{release}.txt"]
    ours = str(environment(files, name=f"opentracing-{release}", python=python))
    command = [ours, "-m", "pytest", "-q", *TESTS, *THEIRS]
    env = {name: value for name, value in os.environ.items() if name != "MIDSPAN_NO_SKIPS"}
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert 0 == done.returncode, done.stdout[-4000:]
    found = re.search(r"(\d+) skipped", done.stdout)
    assert SKIPPED[release] == (int(found[1]) if found else 0), done.stdout[-4000:]
