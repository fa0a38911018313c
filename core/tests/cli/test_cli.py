"""The `midspan` command, with commands that a real (if small) distribution on the path registers."""

from __future__ import annotations

import runpy
import sys
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from midspan.cli import main

if TYPE_CHECKING:
    from pathlib import Path

GREET = '''
def command(argv):
    """Greet who is named.

    More than the help has room for.
    """
    print("hello", *argv)
    return 7
'''


@pytest.fixture
def register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Put a distribution on the path whose module registers a command."""

    def add(name: str, code: str, *, target: str | None = None, extras: tuple[str, ...] = ()) -> None:
        folder = tmp_path / f"plugin_{name}-1.0.dist-info"
        folder.mkdir()
        about = ["Metadata-Version: 2.1", f"Name: plugin-{name}", "Version: 1.0"]
        (folder / "METADATA").write_text("\n".join([*about, *(f"Provides-Extra: {e}" for e in extras), ""]))
        target = target or f"plugin_{name}:command"
        (folder / "entry_points.txt").write_text(f"[midspan.commands]\n{name} = {target}\n")
        (tmp_path / f"plugin_{name}.py").write_text(code)

    monkeypatch.syspath_prepend(tmp_path)
    return add


def test_a_registered_command_gets_the_words_after_its_name(register, capsys):
    """A command of another distribution runs with the rest of the line, and its code is the exit code."""
    register("greet", GREET)
    code = main(["greet", "you", "--loud"])
    assert (7, "hello you --loud\n") == (code, capsys.readouterr().out)


def test_help_names_each_command_with_the_first_line_of_its_docstring(register, capsys):
    """`midspan --help` lists what is registered, with one line for each."""
    register("greet", GREET)
    code = main(["--help"])
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert (0, True) == (code, "greet Greet who is named" in lines)


def test_no_word_at_all_is_a_call_for_help(capsys):
    """`midspan` alone prints the help and succeeds."""
    code = main([])
    assert (0, "usage: midspan") == (code, capsys.readouterr().out[:14])


def test_version_is_that_of_the_distribution(capsys):
    """`midspan --version` prints the one version number there is."""
    code = main(["--version"])
    assert (0, f"midspan {metadata.version('midspan')}\n") == (code, capsys.readouterr().out)


def test_an_unknown_command_exits_2_and_says_what_exists(register, capsys):
    """A word that nobody registered is answered with those that somebody did."""
    register("greet", GREET)
    code = main(["great"])
    said = capsys.readouterr()
    assert (2, "", True, True) == (code, said.out, "no command 'great'" in said.err, "greet" in said.err)


def test_a_missing_library_is_told_with_the_extra_that_brings_it(register, capsys):
    """A command whose import fails exits 1 and names the extra of its own distribution."""
    register("paint", "import a_library_of_colours", extras=("paint",))
    code = main(["paint"])
    needs = "midspan paint: needs a_library_of_colours, which is not installed"
    expected = f"{needs}; pip install 'plugin-paint[paint]'\n"
    assert (1, expected) == (code, capsys.readouterr().err)


def test_no_extra_is_invented(register, capsys):
    """Where the distribution has no extra of the command's name, only the library is named."""
    register("paint", "import a_library_of_colours")
    main(["paint"])
    assert capsys.readouterr().err == "midspan paint: needs a_library_of_colours, which is not installed\n"


def test_a_library_that_fails_to_import_is_told_with_its_reason(register, capsys):
    """An ImportError that is not about a missing module keeps its own words."""
    register("paint", "raise ImportError('libcolour.so.1: cannot open')")
    main(["paint"])
    assert "libcolour.so.1: cannot open" in capsys.readouterr().err


def test_a_command_that_its_module_does_not_have_is_told(register, capsys):
    """A registered name that the module lacks exits 1 with the path that was registered."""
    register("greet", GREET, target="plugin_greet:no_such_thing")
    code = main(["greet"])
    assert (1, True) == (code, "plugin_greet:no_such_thing does not exist" in capsys.readouterr().err)


def test_help_survives_a_command_that_cannot_be_imported(register, capsys):
    """One broken plug-in costs its own line in the help, no other."""
    register("greet", GREET)
    register("paint", "import a_library_of_colours")
    code = main(["--help"])
    said = capsys.readouterr().out
    assert (0, True, True) == (code, "Greet who is named" in said, "needs a_library_of_colours" in said)


def test_a_command_without_a_docstring_is_listed_by_its_name(register, capsys):
    """The help needs no docstring to name a command."""
    register("mute", "def command(argv): return 0")
    main(["-h"])
    assert "  mute" in [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_the_doctor_is_there_whatever_is_registered(monkeypatch, capsys):
    """It has to be, where entry points are what is wrong with an installation."""
    monkeypatch.setattr(metadata, "entry_points", lambda **_: ())
    code = main(["--help"])
    assert (0, True) == (code, "  doctor  Say why nothing arrives" in capsys.readouterr().out)


def test_an_error_inside_a_command_is_not_swallowed(register):
    """What a command raises while it runs goes through: only the import is ours to explain."""
    register("fall", "def command(argv): raise ImportError('mine')")
    with pytest.raises(ImportError, match="mine"):
        main(["fall"])


def test_the_module_can_be_run(monkeypatch, capsys):
    """`python -m midspan.cli` does what the script does, with the words of the command line."""
    monkeypatch.setattr(sys, "argv", ["midspan", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("midspan.cli", run_name="__main__")
    assert (0, f"midspan {metadata.version('midspan')}\n") == (ended.value.code, capsys.readouterr().out)
