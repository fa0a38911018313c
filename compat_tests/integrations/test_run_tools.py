"""Tools that begin before a program as `midspan run` does: each does its work, whichever was asked first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from compat_tests.integrations._runs import of_its_time

pytestmark = pytest.mark.slow
QUIET = {
    "OTEL_TRACES_EXPORTER": "none",
    "OTEL_METRICS_EXPORTER": "none",
    "DD_TRACE_STARTUP_LOGS": "false",
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
}
BOTH = """
import sqlite3
from midspan import sdk
from midspan.integrations import sqlite3 as integration
made = [kind.__module__ for kind in type(sqlite3.connect(":memory:")).__mro__]
print(sdk.get_pipeline() is not None, integration._integration.is_on, any("ddtrace" in name for name in made))
"""


@pytest.mark.parametrize(
    "first",
    [("midspan", "run", "ddtrace-run"), ("ddtrace-run", "midspan", "run")],
    ids=lambda words: words[0],
)
def test_ddtrace_begins_as_well(first):
    """Both have configured themselves, and both have put themselves around sqlite3."""
    folder = of_its_time("run-ddtrace", "performance/requirements/ddtrace.txt").parent
    command = [str(folder / word) if (folder / word).exists() else word for word in (*first, "python")]
    done = subprocess.run(
        [*command, "-c", BOTH],
        env={"PATH": os.environ["PATH"], **QUIET},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "True True True\n" == done.stdout, done.stderr


def test_coverage_of_child_processes_is_measured(tmp_path):
    """By a `sitecustomize`, as its documents say: the program's, and its child's."""
    coverage = pytest.importorskip("coverage")
    (tmp_path / "sitecustomize.py").write_text("import coverage; coverage.process_startup()\n")
    (tmp_path / "rc").write_text(f"[run]\nparallel = true\ndata_file = {tmp_path}/data\n")
    (tmp_path / "child.py").write_text("print('child')\n")
    (tmp_path / "shop.py").write_text(
        "import subprocess, sys\nsubprocess.run([sys.executable, 'child.py'], check=True)\n"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path),
        "COVERAGE_PROCESS_START": str(tmp_path / "rc"),
        **QUIET,
    }
    command = [sys.executable, "-m", "midspan.cli", "run", "--no", "sqlite3", "shop.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert ("child\n", "") == (done.stdout, done.stderr)
    combine = [sys.executable, "-m", "coverage", "combine", "--quiet", "--data-file=data"]
    subprocess.run(combine, cwd=tmp_path, env={"PATH": os.environ["PATH"]}, check=True)
    data = coverage.CoverageData(str(tmp_path / "data"))
    data.read()
    assert {"shop.py", "child.py"} <= {Path(name).name for name in data.measured_files()}
