"""Write a report for a person: what is wanted here, what each of it has or lacks, and what to do."""

from __future__ import annotations

import platform
import shlex
import sys
from typing import IO, TYPE_CHECKING, Final

from midspan.cli._pen import Pen
from midspan.cli.bootstrap._installing import words_to_install

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from midspan.cli.bootstrap._report import Report, Row

__all__ = ["write"]

_GROUPS: Final = ("integrations", "bridges", "exporters")
_NONE: Final = "none: no library that midspan instruments is installed here"


def write(report: Report, file: IO[str], words: Sequence[str]) -> None:
    """Write a report; `words` are those of the command, for who wants to say them again."""
    pen = Pen(file)
    lines = [pen.color("head", _head(report, pen)), ""]
    for group in _GROUPS:
        lines += _section(group, report, pen)
    lines += [pen.color("head", "requirement"), *(f"  {line}" for line in report.requirements()), ""]
    lines += _verdict(report, pen, words)
    file.write(pen.fit("\n".join(lines) + "\n"))


def _head(report: Report, pen: Pen) -> str:
    midspan = report.installed.find("midspan")
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return pen.between.join([str(midspan or "midspan"), python, sys.prefix])


def _section(group: str, report: Report, pen: Pen) -> Iterator[str]:
    rows = [row for row in report.rows if row.group == group]
    if not rows and group != "integrations":
        return
    yield pen.color("head", group)
    if not rows:
        yield f"  {_NONE}"
    width = max((len(row.name) for row in report.rows), default=0)
    for row in rows:
        mark = "note" if row.off else "well" if row.is_well else "trouble"
        indent = width + len(pen.marks[mark]) + 5
        first, *rest = pen.folded(_about(row), indent)
        yield f"  {pen.mark(mark)} {row.name:<{width}}  {first.lstrip()}"
        yield from rest


def _about(row: Row) -> str:
    if row.off:
        return f"off: {row.off}"
    told = [f"{each.text} is not installed" for each in row.lacking]
    told += [f"{part.found} is here, {part.wanted} is needed" for part in row.wrong]
    if row.trouble:
        told.append(row.trouble)
    if not told:
        told = [str(part.found) for part in row.parts] or ["needs no library"]
    return ", ".join(told) + (f" ({row.why})" if row.why else "")


def _verdict(report: Report, pen: Pen, words: Sequence[str]) -> Iterator[str]:
    for refusal in report.refusals:
        yield from pen.marked("trouble", refusal)
    if report.lacking:
        yield from pen.marked("trouble", f"{_counted(len(report.lacking))} not installed")
        yield f"  {pen.mark('remedy')} {shlex.join(['midspan', 'bootstrap', *words, '--install'])}"
    yield from _advice_on_versions(report, pen)
    if any(row.trouble for row in report.on):
        yield from pen.marked("trouble", "something cannot be used: the reason is given above")
    if not report.exit_code:
        yield from pen.marked("well", "nothing is lacking")


def _advice_on_versions(report: Report, pen: Pen) -> Iterator[str]:
    wrong = {part.wanted: row for row in report.on for part in row.wrong}
    if not wrong:
        return
    told = f"{_counted(len(wrong))} here in a version that midspan does not work with: yours to change"
    yield from pen.marked("trouble", told)
    yield f"  {pen.mark('remedy')} {shlex.join([*words_to_install(), *wrong])}"
    names = [row.name for row in wrong.values() if row.group != "exporters"]
    if names:
        yield from pen.marked("remedy", f"or without: --no {','.join(names)}", "  ")


def _counted(count: int) -> str:
    return "1 library is" if count == 1 else f"{count} libraries are"
