"""Vendors' exporters for OpenCensus, unmodified: what reaches their backends is the same in three ways.

From OpenCensus alone, from OpenCensus under the bridge (`legacy_exporters="tee"`), and from native spans and
metrics through `LegacyExporter`.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from compat_tests._environments import environment, find_python

PYTHON = "3.11"
HERE = Path(__file__).parent
GUESTS = {
    "zipkin": "vendors",
    "jaeger": "vendors",
    "azure": "vendors",
    "prometheus": "vendors",
    "stackdriver": "stackdriver",
    "ocagent": "agent",
}


@pytest.fixture(scope="module")
def play():
    """Return what plays a guest in a mode, once, and gives what its backend received."""
    python = find_python(PYTHON)
    if python is None:
        pytest.skip(f"CPython {PYTHON} is not installed")
    seen = {}

    def play(guest, mode):
        if (guest, mode) not in seen:
            seen[guest, mode] = _play(python, guest, mode)
        return seen[guest, mode]

    return play


def _play(python, guest, mode):
    file = HERE / f"requirements-{GUESTS[guest]}.txt"
    ours = environment(file, name=f"opencensus-exporters-{GUESTS[guest]}", python=python)
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("OTEL_", "APPLICATIONINSIGHTS"))
    }
    env = {**kept, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    command = [str(ours), "-W", "ignore", str(HERE / "inside"), guest, mode]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env, check=False)
    assert 0 == done.returncode, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("guest", GUESTS)
def test_under_the_bridge(play, guest):
    """A vendor's backend receives under the bridge what it receives without it."""
    assert play(guest, "plain") == play(guest, "tee")


@pytest.mark.slow
@pytest.mark.parametrize("guest", [guest for guest in GUESTS if guest != "prometheus"])
def test_from_native_spans_and_metrics(play, guest):
    """A vendor's backend receives of native spans and metrics what it receives of OpenCensus's."""
    assert play(guest, "plain") == play(guest, "native")


@pytest.mark.slow
@pytest.mark.parametrize("guest", [guest for guest in GUESTS if guest != "prometheus"])
def test_what_is_received(play, guest):
    """Three traces of two spans, the failed one under its caller, with its attributes."""
    seen = play(guest, "plain")
    names = [span["name"] for span in seen["spans"]]
    inner = next(span for span in seen["spans"] if span["name"] == "charge")
    assert (3, 6, 3) == (seen["traces"], len(names), names.count("charge"))
    assert inner["parent"].startswith("GET")
    assert "visa" in json.dumps(inner)


@pytest.mark.slow
@pytest.mark.parametrize("guest", ["azure", "prometheus", "stackdriver", "ocagent"])
def test_metrics_that_are_received(play, guest):
    """Three carts were counted."""
    seen = play(guest, "plain")
    assert ("carts" in json.dumps(seen), True) == (True, '"a"' in json.dumps(seen))
