"""What the doctor found, before anybody decides how to show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

__all__ = [
    "BROKEN",
    "FINE",
    "USAGE",
    "WRONG",
    "Backend",
    "Finding",
    "PlugIn",
    "Report",
    "Sent",
    "Setting",
    "Variable",
]

# The exit codes, as docs/doctor.md has them.
FINE: Final = 0
BROKEN: Final = 1
USAGE: Final = 2
WRONG: Final = 3


class Finding(NamedTuple):
    """Something to know: a "trouble" ends in an exit code above 0, a "warning" or a "note" does not."""

    level: str
    text: str
    remedy: str = ""
    code: int = FINE


class Setting(NamedTuple):
    """A value in force, and who said it: variables, options of this command, or nobody (a default)."""

    name: str
    value: str
    said_by: tuple[str, ...] = ()


class Variable(NamedTuple):
    """A variable that is set: "used", "refused", "elsewhere", "without effect" or "unknown", and why."""

    name: str
    value: str
    state: str
    why: str = ""


class PlugIn(NamedTuple):
    """Something that is registered under an entry point; with a trouble, it cannot be used."""

    group: str
    name: str
    origin: str
    trouble: str = ""
    remedy: str = ""


class Sent(NamedTuple):
    """What became of one span, or one collection of metrics, at one exporter."""

    signal: str
    # "accepted", "rejected" (in part), "retry", "refused", "too_large", "lost", "silent", "unknown"
    verdict: str
    message: str = ""
    seconds: float | None = None
    size_bytes: int | None = None
    remedy: str = ""

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to mend."""
        return self.verdict in ("accepted", "unknown")


@dataclass
class Backend:
    """An exporter, where it sends to, and what came back."""

    name: str
    address: str
    about: str
    said_by: tuple[str, ...] = ()
    reached: list[Any] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)


@dataclass
class Report:
    """Everything that was found, in the order of coming."""

    versions: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    backends: list[Backend] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    plug_ins: list[PlugIn] = field(default_factory=list)
    trace_id: str = ""

    def add(self, level: str, text: str, remedy: str = "", code: int = FINE) -> None:
        """Note a finding, once."""
        finding = Finding(level, text, remedy, code)
        if finding not in self.findings:
            self.findings.append(finding)

    def trouble(self, text: str, remedy: str = "", code: int = BROKEN) -> None:
        """Note what keeps telemetry from arriving."""
        self.add("trouble", text, remedy, code)

    @property
    def exit_code(self) -> int:
        """0 if there is no trouble, else the gravest."""
        return max((finding.code for finding in self.findings), default=FINE)
