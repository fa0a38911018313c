"""The bridge beside the real jaeger-client, in an environment that has it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from compat_tests._environments import ROOT, environment, find_python

PYTHON = "3.11"
HERE = Path(__file__).parent
# jaeger-client does not close the socket to its agent.
THEIRS = ["-W", "ignore::ResourceWarning", "-W", "ignore::pytest.PytestUnraisableExceptionWarning"]
TESTS = sorted(path.name for path in HERE.glob("inside_*.py"))


@pytest.mark.slow
def test_beside_jaeger_client() -> None:
    """All tests in the `inside_*` files pass."""
    python = find_python(PYTHON)
    if python is None:
        pytest.skip(f"CPython {PYTHON} is not installed")
    files = [ROOT / "constraints" / "bare.txt", HERE / "requirements.txt"]
    ours = str(environment(files, name="opentracing-jaeger-client", python=python))
    command = [ours, "-m", "pytest", "-q", *THEIRS, *(str(HERE / name) for name in TESTS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert 0 == done.returncode, done.stdout[-4000:] + done.stderr[-2000:]
    assert "skipped" not in done.stdout
