"""Take the variables that a file sets for `midspan run`, as if the doctor were run by it."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from midspan._environment import ConfigurationError
from midspan.cli.doctor._report import WRONG
from midspan.cli.run._file import read_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from midspan.cli.doctor._report import Report

__all__ = ["filed_variables", "name_file"]


@contextlib.contextmanager
def filed_variables(report: Report, path: str | None) -> Iterator[frozenset[str]]:
    """Set a file's variables where they are not set, for this block; say which these are.

    Without a path there are none; a note says what lies in the current folder for `midspan run` alone.
    """
    variables: dict[str, str] = {}
    try:
        variables = read_file(path).environment
    except ConfigurationError as error:
        if path is not None:
            report.trouble(str(error), code=WRONG)
    missing = {name: value for name, value in variables.items() if name not in os.environ}
    if path is None:
        if missing:
            names = ", ".join(missing)
            report.add(
                "note", f"a file in this folder says {names} to `midspan run` alone", "give it as --file"
            )
        missing = {}
    os.environ.update(missing)
    try:
        yield frozenset(missing)
    finally:
        for name in missing:
            os.environ.pop(name, None)


def name_file(report: Report, names: frozenset[str], path: str | None) -> None:
    """Name the file beside each variable that it has set."""

    def named(said_by: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(f"{name} ({path})" if name in names else name for name in said_by)

    report.settings = [each._replace(said_by=named(each.said_by)) for each in report.settings]
    for backend in report.backends:
        backend.said_by = named(backend.said_by)
