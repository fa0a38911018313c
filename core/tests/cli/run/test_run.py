"""`midspan run` becomes the program, and what the program imports is instrumented."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
from importlib import metadata

import pytest

from midspan.cli import main
from midspan.cli.run._plan import _Lazy, plan
from midspan.cli.run._wishes import Wishes

PROGRAM = """
import sqlite3, sys
from midspan import sdk
connection = sqlite3.connect(":memory:")
connection.execute("CREATE TABLE t (id INT)")
print(type(connection).__name__, sys.argv[1:], sdk.get_pipeline().stats().exporters["jsonl"].accepted)
"""


def ran(arguments, cwd, **variables):
    """Run `midspan run` in a process of its own."""
    # Where the tests' coverage is measured, such a process would measure it, too: with sqlite3, at its end.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    environment = {
        **inherited,
        "OTEL_TRACES_EXPORTER": "jsonl",
        "OTEL_METRICS_EXPORTER": "none",
        **variables,
    }
    command = [sys.executable, "-m", "midspan.cli", "run", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_a_script_is_run_with_what_it_imports_instrumented(tmp_path):
    """With its own arguments, its exit code, and the environment's own sitecustomize."""
    (tmp_path / "program.py").write_text(PROGRAM + "sys.exit(7)\n")
    (tmp_path / "sitecustomize.py").write_text("import sys; print('theirs', file=sys.stderr)\n")
    done = ran(["program.py", "--only", "x"], tmp_path, PYTHONPATH=str(tmp_path))
    # Once in the command itself, once in the program.
    assert (7, "theirs\ntheirs\n") == (done.returncode, done.stderr)
    said, *lines = done.stdout.splitlines()
    assert "Connection ['--only', 'x'] 1" == said
    names = [
        span["name"]
        for line in lines
        for resource in json.loads(line)["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    assert ["CREATE t"] == names


def test_a_child_process_is_instrumented_too(tmp_path):
    """The way in is inherited."""
    (tmp_path / "program.py").write_text(PROGRAM)
    parent = "import subprocess, sys; subprocess.run([sys.executable, 'program.py'])"
    assert " [] 1" in ran(["-c", parent], tmp_path).stdout


def test_what_is_named_stays_off(tmp_path):
    """`--no`, with several names at once."""
    (tmp_path / "program.py").write_text(PROGRAM)
    assert " [] 0" in ran(["--no", "flask,sqlite3", "python", "program.py"], tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["midspan-no-such-program"], 127, "midspan-no-such-program is not there"),
        (["--no", "redsi", "python"], 2, "there is no redsi; there is: "),
        (["--file", "no-such-file", "python"], 2, "no-such-file cannot be read"),
        ([], 2, "which program?"),
    ],
)
def test_what_cannot_be_is_said(arguments, code, said, capsys):
    """In one line, with an exit code."""
    assert code == main(["run", *arguments])
    assert said in capsys.readouterr().err


def test_a_wrong_configuration_is_said_and_the_program_runs(tmp_path):
    """Telemetry never keeps a program from starting."""
    done = ran(["-c", "print('hello')"], tmp_path, OTEL_TRACES_SAMPLER="sometimes")
    assert (0, "hello\n") == (done.returncode, done.stdout)
    assert "midspan run: nothing is instrumented" in done.stderr


def test_list_says_what_would_be_on_and_why_not(capsys):
    """One line each."""
    assert 0 == main(["run", "--list", "--no", "flask"])
    lines = {line.split()[1]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["sqlite3"].endswith(" on")
    assert lines["flask"].endswith(" --no flask")


def test_a_bridge_that_imports_what_is_waited_for_is_installed_once():
    """It is met while it is being loaded, and not asked for what it has not got yet."""
    met = []

    class Point:
        def load(self):
            lazy.install()
            met.append("loaded")
            return types.SimpleNamespace(install=lambda: met.append("installed"))

    lazy = _Lazy(Point())
    lazy.install()
    assert ["loaded", "installed"] == met


def test_a_broken_integration_is_left_out(monkeypatch):
    """The others are on; the reason is told."""
    broken = metadata.EntryPoint("broken", "midspan_no_such_module", "midspan.integrations")
    monkeypatch.setattr(metadata, "entry_points", lambda group: [broken] if "integ" in group else [])
    (row,) = plan(Wishes())
    assert row.refusal.startswith("broken: ModuleNotFoundError")
