"""Variables that a file sets for `midspan run`, and that the doctor takes where it is told to."""

from __future__ import annotations

import os
import sys

import pytest

TOML = """
[environment]
OTEL_SERVICE_NAME = "till"
OTEL_TRACES_SAMPLER = "always_off"
MIDSPAN_TOKEN = "zq81-planted"
"""

reads_toml = pytest.mark.skipif(sys.version_info < (3, 11), reason="Python reads TOML from 3.11 on")


def said_by(run, name):
    """Return a setting's value, and who said it."""
    (found,) = [each for each in run.told["settings"] if each["name"] == name]
    return found["value"], found["said_by"]


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Return the path of a file, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "midspan.toml").write_text(TOML)
    return "midspan.toml"


@reads_toml
def test_a_file_says_what_no_variable_says(poster, doctor, file):
    """And is named beside the variable; what is set already wins, as under `midspan run`."""
    run = doctor("--json", "--file", file)
    assert ("always_off", ["OTEL_TRACES_SAMPLER (midspan.toml)"]) == said_by(run, "sampler")
    assert ("shop", ["OTEL_SERVICE_NAME"]) == said_by(run, "service.name")


@reads_toml
def test_a_secret_in_a_file_is_not_shown(poster, doctor, file):
    """It is a variable like any other."""
    assert "zq81-planted" not in doctor("--json", "--file", file).out


@reads_toml
def test_the_environment_is_left_as_it_was(poster, doctor, file):
    """What the file has set is gone afterwards."""
    before = dict(os.environ)
    doctor("--file", file)
    assert before == dict(os.environ)


@reads_toml
def test_a_file_that_lies_there_is_noted_and_not_counted(poster, doctor, file):
    """An application that is not started by `midspan run` does not read it either."""
    run = doctor("--json")
    assert ("parentbased_always_on", []) == said_by(run, "sampler")
    assert any(each.endswith("to `midspan run` alone -> give it as --file") for each in run.findings("note"))


def test_a_file_that_cannot_be_read_is_a_matter_of_configuration(poster, doctor, tmp_path):
    """Its error is told whole."""
    run = doctor("--json", "--file", str(tmp_path / "none.toml"))
    assert (3, True) == (run.code, "none.toml cannot be read" in run.findings("trouble")[0])
