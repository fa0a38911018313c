"""Environments are made once, and made again when what they were made from has changed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from compat_tests import _environments

ROOT = _environments.ROOT


@pytest.fixture
def requirements(tmp_path, monkeypatch):
    """Return a file of requirements that asks for nothing, with a home of its own for what is made of it."""
    monkeypatch.setattr(_environments, "HOME", tmp_path / "home")
    file = tmp_path / "nothing.txt"
    file.write_text("# nothing\n")
    return file


def make(requirements, **options):
    """Make an environment without midspan or build tools; return its folder."""
    python = _environments.environment(requirements, with_midspan=False, with_build_tools=False, **options)
    return python.parent.parent


@pytest.mark.slow
def test_an_environment_has_an_interpreter_of_the_version_asked_for(requirements):
    """What is returned starts, and is the Python that was asked for."""
    python = _environments.python_in(make(requirements))
    assert "{}.{}".format(*sys.version_info) == _environments.version_of(str(python))


@pytest.mark.slow
def test_an_environment_is_made_once(requirements):
    """A second call with the same requirements finds the first one's environment."""
    marker = make(requirements) / "marker"
    marker.touch()
    make(requirements)
    assert marker.exists()


@pytest.mark.slow
def test_changed_requirements_make_it_anew(requirements):
    """An environment never outlives the file that it was made from."""
    marker = make(requirements) / "marker"
    marker.touch()
    requirements.write_text("# still nothing\n")
    make(requirements)
    assert not marker.exists()


@pytest.mark.slow
def test_one_that_was_left_half_made_is_made_anew(requirements):
    """Without the stamp that is written last, nothing is trusted."""
    folder = make(requirements)
    (folder / "stamp").unlink()
    (folder / "marker").touch()
    make(requirements)
    assert not (folder / "marker").exists()


@pytest.mark.slow
def test_what_cannot_be_installed_is_said_with_the_installers_words(requirements):
    """A failure carries the command and its output, and leaves nothing that looks finished."""
    requirements.write_text("./no-such-folder-here\n")
    with pytest.raises(RuntimeError, match="no-such-folder-here"):
        make(requirements)
    assert [] == list(_environments.HOME.glob("*/stamp"))


def test_a_version_that_is_nowhere_is_not_found():
    """Looking for a Python that does not exist finds none, and raises nothing."""
    assert _environments.find_python("3.99") is None


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--help"], 0, "./dev test"),
        ([], 0, "./dev test"),
        (["tset"], 2, "no command 'tset'"),
        (["test", "--python", "3.99"], 2, "Python 3.99 is not on this machine"),
    ],
)
def test_the_developers_command_says_what_it_knows(arguments, code, words):
    """`./dev` helps, and tells what it cannot do in a line, with an exit code that says so."""
    done = subprocess.run(
        [sys.executable, ROOT / "dev", *arguments], capture_output=True, text=True, check=False
    )
    assert (code, True) == (done.returncode, words in done.stdout + done.stderr)
