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
from midspan.cli.run._plan import plan
from midspan.cli.run._plug_in import PlugIn
from midspan.cli.run._points import awaited_by
from midspan.cli.run._wishes import Wishes

PROGRAM = """
import sqlite3, sys
from midspan import sdk
connection = sqlite3.connect(":memory:")
connection.execute("CREATE TABLE t (id INT)")
print(type(connection).__name__, sys.argv[1:], sdk.get_pipeline().stats().exporters["jsonl"].accepted)
"""

BASE = getattr(sys, "_base_executable", sys.executable)


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


CHILD = """
import multiprocessing, sqlite3, sys

def tell(queue):
    queue.put(type(sqlite3.connect(":memory:")) is not sqlite3.Connection)

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    queue = context.Queue()
    child = context.Process(target=tell, args=(queue,))
    child.start()
    print(queue.get())
    child.join()
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_so_is_one_that_multiprocessing_starts(tmp_path, method):
    """By any of its methods."""
    (tmp_path / "program.py").write_text(CHILD)
    assert "True\n" == ran(["program.py", method], tmp_path, OTEL_TRACES_EXPORTER="none").stdout


@pytest.mark.slow
def test_so_is_a_program_that_replaces_itself(tmp_path):
    """By `os.execv`, as reloaders do."""
    (tmp_path / "program.py").write_text(PROGRAM)
    replaced = "import os, sys; os.execv(sys.executable, [sys.executable, 'program.py'])"
    assert " [] 1" in ran(["-c", replaced], tmp_path).stdout


@pytest.mark.slow
@pytest.mark.parametrize("command", [["python", "-m", "pytest"], ["-m", "pytest"], ["pytest"]], ids=" ".join)
def test_a_console_script_and_its_module_are_programs(tmp_path, command):
    """As one calls them in an environment that was activated."""
    connect = "import sqlite3\n    connection = sqlite3.connect(':memory:')"
    (tmp_path / "test_shop.py").write_text(
        f"def test_shop():\n    {connect}\n    assert 'Connection' == type(connection).__name__\n"
        "    assert type(connection) is not sqlite3.Connection\n"
    )
    done = ran(
        [*command, "-q", "-p", "no:cacheprovider", "test_shop.py"], tmp_path, OTEL_TRACES_EXPORTER="none"
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert "1 passed" in done.stdout


@pytest.mark.skipif(BASE == sys.executable, reason="there is no other Python to be sure of")
def test_a_python_without_midspan_is_left_alone(tmp_path):
    """With one line, which its children do not repeat; whichever of them has midspan is instrumented."""
    (tmp_path / "program.py").write_text(PROGRAM)
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'pass'])"
    grandchild = f"subprocess.run([{sys.executable!r}, 'program.py'])"
    done = ran([BASE, "-c", f"{child}; {grandchild}; sys.exit(3)"], tmp_path)
    assert (3, 1) == (done.returncode, done.stderr.count("\n"))
    assert done.stderr.startswith(f"midspan run: {BASE} is left alone: ")
    assert " [] 1" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("raised", ["1 / 0", "import no_such_module"])
def test_what_another_sitecustomize_raises_is_told_as_ever(tmp_path, raised):
    """By Python; the program is instrumented, and runs."""
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "sitecustomize.py").write_text(raised)
    done = ran(["program.py"], tmp_path, PYTHONPATH=str(tmp_path))
    assert "Error in sitecustomize" in done.stderr
    assert " [] 1" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("given", [None, "", ":/a", "/a::/b", "/a"])
def test_the_path_is_the_program_s_own(tmp_path, given):
    """What PYTHONPATH says is kept word for word: an empty entry is the current folder."""
    variables = {} if given is None else {"PYTHONPATH": given}
    told = "import sys; print(sys.path)"
    environment = {"PATH": os.environ["PATH"], **variables}
    plain = subprocess.run(
        [sys.executable, "-c", told],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert plain.stdout == ran(["-c", told], tmp_path, **variables).stdout


def test_a_program_ends_as_it_would(tmp_path):
    """By the signal that it was sent, and by a pipe that nobody reads any more."""
    assert -15 == ran(["-c", "import os; os.kill(os.getpid(), 15)"], tmp_path).returncode
    assert -13 == ran(["sh", "-c", "kill -PIPE $$"], tmp_path).returncode


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


def test_what_cannot_be_started_is_said(tmp_path):
    """As a shell says it, with its exit code."""
    (tmp_path / "program").write_text("#!/no/such/interpreter\n")
    (tmp_path / "program").chmod(0o755)
    done = ran(["./program"], tmp_path)
    said = "midspan run: ./program cannot be started: No such file or directory\n"
    assert (126, said) == (done.returncode, done.stderr)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python reads TOML from 3.11 on")
def test_options_that_are_wrong_leave_one_integration_out(tmp_path):
    """It is said when its library comes, and the program runs."""
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "midspan.toml").write_text('[integrations.sqlite3]\nstatment = "raw"\n')
    done = ran(["program.py"], tmp_path)
    assert " [] 0" in done.stdout
    assert "midspan run: sqlite3 is left out; ConfigurationError: instrument() of sqlite3" in done.stderr


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


class Point:
    """What is registered as a bridge, and knows how it is loaded."""

    name, group, value = "bridge", "midspan.bridges", "bridge"

    def __init__(self, load):
        self.load = load


def test_a_bridge_that_imports_what_is_waited_for_is_installed_once():
    """It is met while it is being loaded, and not asked for what it has not got yet."""
    met = []

    def load():
        plug_in.turn_on()
        met.append("loaded")
        return types.SimpleNamespace(install=lambda: met.append("installed"))

    plug_in = PlugIn(Point(load), {})
    plug_in.turn_on()
    assert ["loaded", "installed"] == met


BROKEN = metadata.EntryPoint("broken", "midspan_no_such_module", "midspan.integrations")
REASON = "ModuleNotFoundError: No module named 'midspan_no_such_module'"


def test_a_broken_integration_is_told_of(monkeypatch):
    """`--list` gives the reason."""
    monkeypatch.setattr(metadata, "entry_points", lambda: metadata.EntryPoints([BROKEN]))
    (row,) = plan(Wishes())
    assert f"broken: {REASON}" == row.refusal


def test_a_broken_integration_is_left_out(capsys):
    """With one line; nothing is raised into the import that it waited for."""
    PlugIn(BROKEN, {}).turn_on()
    assert f"midspan run: broken is left out; {REASON}\n" == capsys.readouterr().err
    assert () == PlugIn(BROKEN, {}).awaited()


def test_a_library_that_is_too_old_is_told_of_when_it_comes(capsys):
    """With one line; nothing is done to it."""
    old = types.SimpleNamespace(LIBRARY=types.SimpleNamespace(trouble=lambda: "shop 1.0 is older than 2.0"))
    point = Point(lambda: old)
    point.name, point.group = "shop", "midspan.integrations"
    PlugIn(point, {}).turn_on()
    assert "midspan run: shop is left out; shop 1.0 is older than 2.0\n" == capsys.readouterr().err


def test_what_has_nowhere_to_print_prints_nothing(monkeypatch, capsys):
    """A program without standard error does not find our words in its output."""
    monkeypatch.setattr(sys, "stderr", None)
    PlugIn(BROKEN, {}).turn_on()
    assert "" == capsys.readouterr().out


def test_what_a_plug_in_waits_for_is_known_without_importing_it():
    """It is what each of our integrations says itself."""
    points = metadata.entry_points(group="midspan.integrations")
    assert {point.name: (point.load().LIBRARY.module,) for point in points} == {
        point.name: awaited_by(point) for point in points
    }


def test_another_distribution_s_integration_says_itself_what_it_waits_for():
    """By its LIBRARY; without one, it is turned on at once."""
    point = metadata.EntryPoint("other", "midspan.integrations.sqlite3", "midspan.integrations")
    assert (None, ("sqlite3",)) == (awaited_by(point), PlugIn(point, {}).awaited())
    point = metadata.EntryPoint("other", "json", "midspan.integrations")
    assert ("sys",) == PlugIn(point, {}).awaited()
