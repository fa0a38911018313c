"""OpenCensus's own integrations make the same spans over the bridge as without it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from compat_tests._environments import environment, find_python

PYTHON = "3.11"
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def play():
    """Return what runs the application, and gives what it printed."""
    python = find_python(PYTHON)
    if python is None:
        pytest.skip(f"CPython {PYTHON} is not installed")
    ours = str(environment(HERE / "requirements.txt", name="opencensus-trace", python=python))

    def play(mode):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
        env = {**kept, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        command = [ours, str(HERE / "inside.py"), mode]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env, check=False)
        assert 0 == done.returncode, done.stderr[-4000:]
        return json.loads(done.stdout)

    return play


@pytest.mark.slow
def test_threads_requests_and_logging(play):
    """Threads, pools, outgoing requests and log records: names, parents, kinds, statuses, headers."""
    plain = play("plain")
    assert plain == play("bridge")
    assert {"in pool", "in thread", "/cart", "/gone", "request"} < {span["name"] for span in plain["spans"]}
    assert 1 == plain["traces"]
