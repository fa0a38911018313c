"""Write a report for a person: trouble first, each with its remedy, then what is in force, in few lines."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, Final

from midspan.cli._pen import Pen
from midspan.cli.doctor._plug_ins import GROUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from midspan.cli.doctor._report import Backend, Report, Sent

__all__ = ["write"]

_VERDICTS: Final = {
    "accepted": "accepted",
    "rejected": "accepted in part",
    "retry": "not taken now",
    "refused": "refused",
    "too_large": "too large",
    "lost": "not sent",
    "silent": "no answer",
    "unknown": "not known",
}
_WIDEST: Final = 88


def write(report: Report, file: IO[str], hide: Callable[[str], str]) -> None:
    """Write a report; everything that may hold a secret goes through `hide`."""
    pen = Pen(file)
    head = pen.between.join(f"{name} {version}".strip() for name, version in report.versions.items())
    lines = [pen.color("head", hide(head)), ""]
    lines += _findings(report, pen, hide)
    lines += _backends(report, pen, hide)
    lines += _settings(report, pen, hide)
    lines += _plug_ins(report, pen, hide)
    lines += _verdict(report, pen)
    file.write(pen.fit("\n".join(lines) + "\n"))


def _findings(report: Report, pen: Pen, hide: Callable[[str], str]) -> Iterator[str]:
    for level in ("trouble", "warning", "note"):
        for finding in report.findings:
            if finding.level == level:
                yield from pen.marked(level, hide(finding.text))
                if finding.remedy:
                    yield from pen.marked("remedy", hide(finding.remedy), "  ")
    if report.findings:
        yield ""


def _backends(report: Report, pen: Pen, hide: Callable[[str], str]) -> Iterator[str]:
    if not report.backends:
        return
    arrived = any(sent.verdict == "accepted" for backend in report.backends for sent in backend.sent)
    seen = f"  (look for trace {report.trace_id})" if report.trace_id and arrived else ""
    yield pen.color("head", "exporters") + pen.color("note", seen)
    indent = max(len(backend.name) for backend in report.backends) + 4
    for backend in report.backends:
        about = list(pen.folded(hide(_about(backend)), indent))
        yield f"  {backend.name}".ljust(indent) + about[0].lstrip()
        yield from about[1:]
        who = ", ".join(backend.said_by) or "defaults"
        yield from (pen.color("note", line) for line in pen.folded(f"from {who}", indent))
        for sent in backend.sent:
            yield f"{' ' * indent}{sent.signal:<{len('metrics')}}  {_came_back(sent, pen, hide)}"


def _about(backend: Backend) -> str:
    # What has no words for itself is shown by its address.
    if not backend.about.startswith("<"):
        return backend.about
    return backend.address or "it does not say where it sends to"


def _came_back(sent: Sent, pen: Pen, hide: Callable[[str], str]) -> str:
    mark = "note" if sent.verdict == "unknown" else "well" if sent.is_well else "trouble"
    figures = []
    if sent.seconds is not None:
        figures.append(f"{sent.seconds * 1000:,.0f} ms")
    if sent.size_bytes is not None:
        figures.append(f"{sent.size_bytes:,} bytes")
    words = ", ".join([_VERDICTS[sent.verdict], *figures])
    # Of trouble the message stands above.
    more = f": {hide(sent.message)}" if sent.is_well and sent.message else ""
    return f"{pen.mark(mark)} {words}{more}"


def _settings(report: Report, pen: Pen, hide: Callable[[str], str]) -> Iterator[str]:
    if not report.settings:
        return
    yield pen.color("head", "in force")
    width = max(len(setting.name) for setting in report.settings)
    rows = [(f"{each.name:<{width}}  {hide(each.value)}", each.said_by) for each in report.settings]
    column = max(len(row) for row, _ in rows)
    yield from (_row(pen, row, column, said_by) for row, said_by in rows)


def _row(pen: Pen, text: str, column: int, said_by: Sequence[str]) -> str:
    """Return a line that says in a column of its own who said it."""
    return f"  {text:<{min(column, _WIDEST)}}  {pen.color('note', ', '.join(said_by) or 'default')}"


def _plug_ins(report: Report, pen: Pen, hide: Callable[[str], str]) -> Iterator[str]:
    if not report.plug_ins:
        return
    yield pen.color("head", "plug-ins")
    width = max(map(len, GROUPS))
    for group in GROUPS:
        found = [plug_in for plug_in in report.plug_ins if plug_in.group == group]
        usable = [plug_in.name for plug_in in found if not plug_in.trouble]
        names = list(pen.folded(", ".join(usable) or "none", width + 4))
        yield f"  {group:<{width}}  {names[0].lstrip()}"
        yield from names[1:]
        for each in found:
            if each.trouble:
                remedy = f" ({each.remedy})" if each.remedy else ""
                yield from pen.marked("note", hide(f"{each.name} {each.trouble}{remedy}"), " " * (width + 4))


def _verdict(report: Report, pen: Pen) -> Iterable[str]:
    counts: dict[str, Any] = {
        level: sum(finding.level == level for finding in report.findings) for level in ("trouble", "warning")
    }
    told = [f"{count} {level}{'s' if count > 1 else ''}" for level, count in counts.items() if count]
    if report.exit_code:
        return ["", f"{pen.mark('trouble')} {', '.join(told)}; exit code {report.exit_code}"]
    return [
        "",
        f"{pen.mark('well')} no trouble, {_arrival(report)}" + (f"; {', '.join(told)}" if told else ""),
    ]


def _arrival(report: Report) -> str:
    """Say no more than is known, of a report without trouble."""
    if not report.trace_id:
        return "nothing was sent"
    is_known = all(sent.verdict == "accepted" for backend in report.backends for sent in backend.sent)
    return "what was sent has arrived" if is_known else "as far as can be known"
