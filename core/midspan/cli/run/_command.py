"""Read the words of `midspan run`, prepare the environment, and become the program."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from midspan._environment import ConfigurationError
from midspan.cli.run._wishes import VARIABLE
from midspan.cli.run._words import WITH_VALUE, add_words, understood

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from midspan.cli.run._wishes import Wishes

__all__ = ["command"]

_STARTUP: Final = str(Path(__file__).with_name("startup"))
# As a shell says them.
_NOT_FOUND: Final = 127
_NOT_STARTED: Final = 126
_REFUSED: Final = 2
# Python ignores these, and what is ignored when a program begins stays so: a shell's pipes would not end.
_IGNORED_BY_PYTHON: Final = ("SIGPIPE", "SIGXFSZ")


def command(argv: Sequence[str]) -> int:
    """Run a program with tracing and metrics: both bridges, and each integration whose library it has."""
    options = _parse(argv)
    try:
        wishes, variables = understood(options)
    except ConfigurationError as trouble:
        print(f"midspan run: {trouble}", file=sys.stderr)
        return _REFUSED
    if options.list:
        _show(wishes)
        return 0
    words = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not words:
        print("midspan run: which program? e.g. midspan run python app.py", file=sys.stderr)
        return _REFUSED
    return _become(words, _environment(wishes, variables))


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    import argparse  # noqa: PLC0415 - each process that is started begins in this package, and has no use for it

    parser = argparse.ArgumentParser(
        prog="midspan run",
        description=command.__doc__,
        epilog="What is configured, and whether it arrives, says `midspan doctor`.",
    )
    add_words(parser)
    parser.add_argument("--list", action="store_true", help="say what would be instrumented, and why not")
    parser.add_argument("command", nargs="*", help="a program, `-m module`, or a script that ends in .py")
    # argparse would take the program's own options (`-m`, `-c`) for ours.
    ours = _length_of_options(argv)
    options = parser.parse_args(argv[:ours])
    options.command = list(argv[ours:])
    return options


def _length_of_options(argv: Sequence[str]) -> int:
    """Return how many words stand before the program: options, and the values of those that have one."""
    count = 0
    while count < len(argv) and (argv[count].startswith("--") or argv[count] == "-h") and argv[count] != "--":
        count += 2 if argv[count] in WITH_VALUE else 1
    return count


def _show(wishes: Wishes) -> None:
    from midspan.cli.run._plan import plan  # noqa: PLC0415 - it imports what is needed to look at plug-ins

    rows = plan(wishes)
    width = max((len(row.name) for row in rows), default=0)
    for row in rows:
        print(f"{row.kind:<11}  {row.name:<{width}}  {'on' if row.refusal is None else row.refusal}")


def _environment(wishes: Wishes, variables: dict[str, str]) -> dict[str, str]:
    """Return the program's environment: the file's variables where there are none, and the way in."""
    environment = {**variables, **os.environ, VARIABLE: wishes.written()}
    # Word for word: an empty entry means the current folder.
    before = [environment["PYTHONPATH"]] if environment.get("PYTHONPATH") else []
    environment["PYTHONPATH"] = os.pathsep.join([_STARTUP, *before])
    return environment


def _become(words: list[str], environment: dict[str, str]) -> int:
    """Replace this process by the program; return only if that cannot be."""
    if words[0] in ("-m", "-c") or words[0].endswith(".py"):
        words = [sys.executable, *words]
    # The programs of this interpreter's environment first, whether or not that was activated.
    path = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
    program = shutil.which(words[0], path=path)
    if program is None:
        print(f"midspan run: {words[0]} is not there, or is no program", file=sys.stderr)
        return _NOT_FOUND
    return _start(program, words[1:], environment)


def _start(program: str, arguments: list[str], environment: dict[str, str]) -> int:
    if sys.stdout is not None:
        sys.stdout.flush()
    for name in _IGNORED_BY_PYTHON:
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        # By its whole path: Python finds its environment by the name that it is called by.
        os.execve(program, [program, *arguments], environment)  # noqa: S606 - to start what it was told to start is its purpose
    except OSError as trouble:
        print(f"midspan run: {program} cannot be started: {trouble.strerror}", file=sys.stderr)
    return _NOT_STARTED
