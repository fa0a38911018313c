"""Each scenario, in its short form: what must hold, holds."""

from __future__ import annotations

import importlib

import pytest

from compat_tests.faults import __main__ as command
from compat_tests.faults._figures import QUICK, Figure, table
from compat_tests.faults._process import play
from compat_tests.faults.scenarios import NAMES

_FAST = {"generators"}


@pytest.mark.parametrize(
    "name", [name if name in _FAST else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]
)
def test_what_must_hold_in_a_scenario_holds(name):
    """Whatever production does, each figure of the scenario is as it must be."""
    if name == "greenlets":
        pytest.importorskip("gevent")
    figures = importlib.import_module(f"compat_tests.faults.scenarios.{name}").run(QUICK)
    failed = [figure for figure in figures if figure.holds is False]
    assert not failed, table([(name, failed)])
    assert figures


def test_a_program_that_hangs_is_killed_and_its_children_with_it(tmp_path):
    """A deadlock is a finding like any other: the report goes on."""
    outcome = play("hanging.program_that_hangs", timeout_s=1.5, file=str(tmp_path / "child"))
    assert outcome.hung
    assert outcome.exit_s is None
    child = int((tmp_path / "child").read_text())
    with pytest.raises(ProcessLookupError):
        _signal_nothing_to(child)


def _signal_nothing_to(pid: int) -> None:
    import os
    import time

    # It is gone as soon as init has heard of it.
    for _ in range(100):
        os.kill(pid, 0)
        time.sleep(0.02)


def test_what_a_program_says_at_its_end_is_told():
    """The report quotes why a program failed."""
    outcome = play("raising", kind="no such error")
    assert outcome.exit_code == 1
    assert "no such error" in outcome.lines[-1]


def test_the_table_has_a_line_for_each_figure():
    """The title of a scenario stands at its first figure; quoted figures are told from measured ones."""
    figures = [Figure("a", "0", "1", False, "2"), Figure("b", "0", "0", True, "3", is_quoted=True)]
    lines = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in table([("s", figures)]).splitlines()
    ]
    assert lines[2:] == [
        ["s", "a", "0", "1", "NO", "2", "measured"],
        ["", "b", "0", "0", "yes", "3", "quoted"],
    ]


def test_the_command_plays_what_is_named(capsys):
    """One scenario, the peer left out: its table is printed, and the status says that all held."""
    assert command.main(["--alone", "generators"]) == 0
    assert "abandoned" in capsys.readouterr().out


def test_the_command_knows_its_scenarios():
    """A name that is none is refused with the list of those that are."""
    with pytest.raises(SystemExit):
        command.main(["no such scenario"])
