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
# Why a test may be skipped: it is about something that the release does not have, or that does not run.
NO_ASYNCIO = "asyncio.Task.current_task, which Python has not had since 3.9"
NO_CONTEXTVARS = "opentracing.scope_managers.contextvars"
NO_FUNCTIONS = "OpenTracing before 2.1"
LACKS = {
    "2.0.0": (NO_ASYNCIO, NO_CONTEXTVARS, NO_FUNCTIONS),
    "2.1.0": (NO_ASYNCIO, NO_CONTEXTVARS),
    "2.2.0": (NO_ASYNCIO, NO_CONTEXTVARS),
    "2.3.0": (NO_ASYNCIO,),
    "2.4.0": (),
}


@pytest.mark.slow
@pytest.mark.parametrize("release", LACKS)
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
    reasons = re.findall(r"^SKIPPED \[\d+\] \S+: (.*)$", done.stdout, re.MULTILINE)
    assert [] == [reason for reason in reasons if not any(lack in reason for lack in LACKS[release])]
