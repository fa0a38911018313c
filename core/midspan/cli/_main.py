"""Dispatch `midspan WORD ...` to the plug-in that registered the word."""

from __future__ import annotations

import sys

from midspan._about import VERSION

# What a shell's tools return when they were called in a way they do not know.
USAGE_ERROR = 2


def main(argv: list[str] | None = None) -> int:
    """Run one command line, by default the process's own, and return its exit code.

    2 says that there is no such command, 1 that it is there but cannot be imported; else the command decides.
    """
    name, *rest = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if name in ("-h", "--help"):
        print(_help())
        return 0
    if name in ("-V", "--version"):
        print(f"midspan {VERSION}")
        return 0
    return _run(name, rest)


def _run(name: str, rest: list[str]) -> int:
    if name == "run":
        # It stands before whole programs, which need not wait until all that is installed has been looked at.
        from midspan.cli.run import command as run  # noqa: PLC0415 - as said

        return run(rest)
    from midspan.cli import _commands  # noqa: PLC0415 - as above

    commands = _commands.found()
    if name not in commands:
        there = ", ".join(commands) or "none is installed"
        print(f"midspan: no command {name!r}; there is: {there}", file=sys.stderr)
        return USAGE_ERROR
    try:
        command = _commands.load(commands[name])
    except _commands.CannotLoadError as trouble:
        print(f"midspan {name}: {trouble}", file=sys.stderr)
        return 1
    return command(rest)


def _help() -> str:
    from midspan.cli import _commands  # noqa: PLC0415 - as above

    commands = _commands.found()
    width = max(map(len, commands), default=0)
    lines = [f"  {name:<{width}}  {_commands.summary(point)}".rstrip() for name, point in commands.items()]
    return "\n".join(["usage: midspan [--version] [--help] COMMAND ...", "", "commands:", *lines])
