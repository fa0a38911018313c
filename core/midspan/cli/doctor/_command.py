"""Read the words of the command, find everything out, and show it."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from typing import TYPE_CHECKING, Final

from midspan import sdk
from midspan._environment import watched
from midspan.cli.doctor._filed import filed_variables, name_file
from midspan.cli.doctor._machine import write_json
from midspan.cli.doctor._paper import write
from midspan.cli.doctor._plug_ins import plug_ins, variables_of_others
from midspan.cli.doctor._report import USAGE, Report
from midspan.cli.doctor._secrets import Secrets
from midspan.cli.doctor._surroundings import look_around
from midspan.cli.doctor._trial import Wanted, examine
from midspan.cli.doctor._variables import Seen, look_at_variables
from midspan.resource import DETECTORS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["command"]

_EPILOG: Final = """\
exit codes: 0 all is well (warnings aside); 1 something would not arrive; 2 these words are not understood;
3 the configuration cannot be. Secrets are never shown.
"""
_DEFAULT_EXPORTER: Final = "otlp"


def command(argv: Sequence[str]) -> int:
    """Say why nothing arrives: what is configured, by whom, and what each backend answers to a test."""
    options = _parse(argv)
    if sdk.get_pipeline() is not None:
        print(
            "midspan doctor: a pipeline is in force in this process, and a test would take its place; "
            "run `python -m midspan.cli doctor` as a process of its own, with the same environment",
            file=sys.stderr,
        )
        return USAGE
    report = Report()
    with filed_variables(report, options.file) as from_file:
        secrets = Secrets(os.environ, [options.endpoint or ""])
        _find_out(report, _wanted(options), secrets)
    name_file(report, from_file, options.file)
    show = write_json if options.json else write
    show(report, sys.stdout, secrets.hide)
    return report.exit_code


def _find_out(report: Report, wanted: Wanted, secrets: Secrets) -> None:
    report.versions = {
        # The detector knows what to say where there are sources and no distribution.
        "midspan": str(DETECTORS["sdk"]().attributes["telemetry.sdk.version"]),
        platform.python_implementation(): platform.python_version(),
        platform.system(): platform.release(),
    }
    with watched() as readings:
        refused = examine(report, wanted, readings)
        look_around(report, readings)
    known = Seen(readings, refused, variables_of_others())
    look_at_variables(report, os.environ, known, secrets)
    report.plug_ins = plug_ins()


def _wanted(options: argparse.Namespace) -> Wanted:
    exporter = options.exporter or (_DEFAULT_EXPORTER if options.endpoint else None)
    return Wanted(exporter, options.endpoint, options.timeout, options.send)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="midspan doctor",
        description=command.__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--exporter", metavar="NAME", help="try this one, whatever the variables name")
    parser.add_argument(
        "--endpoint", metavar="URL", help="where that exporter (by default otlp) is to send to"
    )
    parser.add_argument(
        "--file", metavar="PATH", help="with the variables that this file sets for midspan run"
    )
    parser.add_argument(
        "--timeout", metavar="S", type=_seconds, default=10.0, help="for each request (default: 10)"
    )
    parser.add_argument(
        "--no-send", dest="send", action="store_false", help="configure and connect, but send nothing"
    )
    parser.add_argument("--json", action="store_true", help="for machines: one JSON document")
    return parser.parse_args(argv)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 1e6:  # noqa: PLR2004 - eleven days
        raise ValueError
    return seconds
