"""Find the subcommands: those of the core, and the entry points of the group `midspan.commands`."""

from __future__ import annotations

from importlib import metadata
from typing import Protocol

GROUP = "midspan.commands"
# What needs nothing but the core is always there, however midspan came onto the path.
BUILT_IN = (metadata.EntryPoint("doctor", "midspan.cli.doctor:command", GROUP),)


class Command(Protocol):
    """What a subcommand is: a callable that takes the words after its name and returns the exit code.

    The first line of its docstring is its line in `midspan --help`. Its module imports at the top what the
    command cannot do without: then a missing library is told in one line, with the extra to install.
    """

    def __call__(self, argv: list[str], /) -> int:
        """Do the work; 0 says that it went well."""
        ...


class CannotLoadError(Exception):
    """A command is registered but cannot be imported; the message says what would mend it."""


def found() -> dict[str, metadata.EntryPoint]:
    """Return the commands by name, sorted; nothing is imported yet."""
    points = [*metadata.entry_points(group=GROUP), *BUILT_IN]
    return {point.name: point for point in sorted(points, key=lambda point: point.name)}


def load(point: metadata.EntryPoint) -> Command:
    """Import a command. Raises CannotLoadError, with the extra to install if a library is missing."""
    try:
        command: Command = point.load()
    except ImportError as trouble:
        raise CannotLoadError(_advice(point, trouble)) from trouble
    except AttributeError as trouble:
        message = f"{point.value} does not exist: {trouble}"
        raise CannotLoadError(message) from trouble
    return command


def summary(point: metadata.EntryPoint) -> str:
    """Return a command's line for the help: its docstring's first line, or why it cannot be loaded."""
    try:
        command = load(point)
    except CannotLoadError as trouble:
        return f"({trouble})"
    return (command.__doc__ or "").strip().partition("\n")[0].rstrip(".")


def _advice(point: metadata.EntryPoint, trouble: ImportError) -> str:
    extra = _extra(point)
    return f"needs {_missing(trouble)}" + (f"; pip install '{extra}'" if extra else "")


def _extra(point: metadata.EntryPoint) -> str | None:
    """Return what pip must install: the extra of the command's distribution that bears the command's name."""
    if point.dist is None or point.name not in (point.dist.metadata.get_all("Provides-Extra") or []):
        return None
    return f"{point.dist.metadata['Name']}[{point.name}]"


def _missing(trouble: ImportError) -> str:
    if isinstance(trouble, ModuleNotFoundError) and trouble.name:
        return f"{trouble.name}, which is not installed"
    return f"a library that cannot be imported: {trouble}"
