"""Both old interfaces' own libraries at work in every order of nesting: logs and peers are told the truth."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from pathlib import Path

import pytest

from compat_tests._environments import environment, find_python

PYTHON = "3.11"
HERE = Path(__file__).parent
ORDERS = ["-".join(order) for order in itertools.product(("native", "census", "tracing"), repeat=3)]
# The way into three spans and out of them, by a call, through threads, through tasks.
STEPS = ["0", "1", "2", "2", "1", "0"] * 3


@pytest.fixture(scope="module")
def rows():
    """What the application printed."""
    python = find_python(PYTHON)
    if python is None:
        pytest.skip(f"CPython {PYTHON} is not installed")
    ours = str(environment(HERE / "requirements.txt", python=python))
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "JAEGER_"))}
    env = {**kept, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    command = [ours, str(HERE / "inside.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env, check=False)
    assert 0 == done.returncode, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("order", ORDERS)
def test_logs_and_requests_tell_the_true_ids(rows, order):
    """At each step log records, logs of spans, and headers name the span that is current, in one tree."""
    expected = [
        {
            "current": name,
            "log tells the ids": True,
            "logs of the span": [f"at {name}"] * 2,
            "told by census": [f"/{name}", *above(name)],
            "told by both": [f"/{name}/both", "requests.get", *above(name)],
        }
        for name in STEPS
    ]
    assert expected == rows[order]


def above(name):
    """Return a span and those around it, up to the root."""
    return [str(depth) for depth in range(int(name), -1, -1)]
