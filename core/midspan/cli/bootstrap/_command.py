"""Read the words of `midspan bootstrap`, look, and show or install."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from midspan._environment import ConfigurationError
from midspan.cli.bootstrap._installing import CannotInstallError, install
from midspan.cli.bootstrap._needs import look
from midspan.cli.bootstrap._paper import write
from midspan.cli.bootstrap._report import LACKING, REFUSED
from midspan.cli.run._words import add_words, understood

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan.cli.bootstrap._report import Report

__all__ = ["command"]

_INSTALL: Final = "--install"
_EPILOG: Final = """\
exit codes: 0 nothing is lacking; 1 something is; 2 these words, or the configuration, are not understood.
"""


def command(argv: Sequence[str]) -> int:
    """Say which extras of midspan this environment lacks, and install them."""
    options = _parse(argv)
    try:
        wishes, variables = understood(options)
    except ConfigurationError as trouble:
        return _refuse(trouble)
    report = look(wishes, {**variables, **os.environ})
    words = [word for word in argv if word != _INSTALL]
    if options.requirements:
        print("\n".join(report.requirements()))
        for refusal in report.refusals:
            _refuse(refusal)
        return report.exit_code
    if options.install and report.lacking:
        return _install(report, words)
    write(report, sys.stdout, words)
    return report.exit_code


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="midspan bootstrap", description=command.__doc__, epilog=_EPILOG, allow_abbrev=False
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        _INSTALL, action="store_true", help="install what is lacking; what is here stays as it is"
    )
    what.add_argument(
        "--requirements", action="store_true", help="print what to write down, and nothing else"
    )
    add_words(parser)
    return parser.parse_args(argv)


def _install(report: Report, words: Sequence[str]) -> int:
    """Install what is lacking, then look again: an interpreter of its own sees what is new."""
    for row in report.on:
        for part in row.wrong:
            print(f"left as it is: {part.found} ({part.wanted} is needed)")
    try:
        code = install([each.text for each in report.lacking], report.installed.pins())
    except (CannotInstallError, OSError) as trouble:
        print(f"midspan bootstrap: nothing is installed: {trouble}", file=sys.stderr)
        return LACKING
    if code:
        print(f"midspan bootstrap: nothing is installed: the command ended with {code}", file=sys.stderr)
        return LACKING
    print(flush=True)
    again = [sys.executable, "-m", "midspan.cli", "bootstrap", *words]
    return subprocess.run(again, check=False).returncode  # noqa: S603 - this very command


def _refuse(trouble: object) -> int:
    print(f"midspan bootstrap: {trouble}", file=sys.stderr)
    return REFUSED
