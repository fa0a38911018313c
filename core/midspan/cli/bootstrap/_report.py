"""What an environment has and lacks, before anybody decides how to show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from midspan.cli._requirements import Requirement
    from midspan.cli.bootstrap._installed import Held, Installed

__all__ = ["LACKING", "REFUSED", "WELL", "Part", "Report", "Row"]

# The exit codes, as docs/bootstrap.md has them.
WELL: Final = 0
LACKING: Final = 1
REFUSED: Final = 2


class Part(NamedTuple):
    """A library that is needed, and what is installed of it, or in its place."""

    requirement: Requirement
    found: Held | None = None

    @property
    def is_wrong(self) -> bool:
        """Whether it is here in a version that will not do."""
        return self.found is not None and not self.requirement.allows(self.found.version)

    @property
    def wanted(self) -> str:
        """What should be here, by the name of what is."""
        if self.found is None or self.requirement.is_for(self.found.name):
            return self.requirement.text
        return f"{self.found.name}{self.requirement.specifiers}"

    @property
    def is_itself(self) -> bool:
        """Whether an installer would see that it is here, or that nothing is."""
        return self.found is None or (bool(self.found.version) and self.requirement.is_for(self.found.name))


class Row(NamedTuple):
    """A plug-in that is wanted here, and the libraries that it needs."""

    # "integrations", "bridges" or "exporters"
    group: str
    name: str
    parts: tuple[Part, ...] = ()
    # The distribution that the plug-in is of, and those of its extras that hold the libraries.
    origin: Held | None = None
    extras: tuple[str, ...] = ()
    # Who wants it.
    why: str = ""
    # What says that it is to stay off.
    off: str = ""
    # What is wrong, apart from libraries.
    trouble: str = ""

    @property
    def lacking(self) -> list[Requirement]:
        """What is not installed at all."""
        return [part.requirement for part in self.parts if part.found is None]

    @property
    def wrong(self) -> list[Part]:
        """What is installed in a version that will not do."""
        return [part for part in self.parts if part.is_wrong]

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to mend."""
        return not (self.lacking or self.wrong or self.trouble)


@dataclass
class Report:
    """Everything that was found."""

    installed: Installed
    rows: list[Row] = field(default_factory=list)
    # What the configuration says that cannot be.
    refusals: list[str] = field(default_factory=list)

    @property
    def on(self) -> list[Row]:
        """The rows that count."""
        return [row for row in self.rows if not row.off]

    @property
    def lacking(self) -> list[Requirement]:
        """What is to be installed, each once."""
        return list(dict.fromkeys(each for row in self.on for each in row.lacking))

    @property
    def exit_code(self) -> int:
        """2 if the configuration cannot be, 1 if anything lacks."""
        if self.refusals:
            return REFUSED
        return WELL if all(row.is_well for row in self.on) else LACKING

    def requirements(self) -> list[str]:
        """Return what to write down: each distribution with its extras, such as `midspan[flask]==1.0`.

        To install that changes nothing that is here. An extra is left out whose library is here in a version
        that it would replace, or under another name.
        """
        chosen: dict[Held, set[str]] = {}
        midspan = self.installed.find("midspan")
        if midspan is not None:
            chosen[midspan] = set()
        for row in self.on:
            if row.origin is not None and not row.wrong and all(part.is_itself for part in row.parts):
                chosen.setdefault(row.origin, set()).update(row.extras)
        return [
            f"{origin.name}{'[' + ','.join(sorted(extras)) + ']' if extras else ''}=={origin.version}"
            for origin, extras in chosen.items()
            if extras or origin == midspan
        ]
