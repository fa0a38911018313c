"""Find what midspan is wanted for here, and what there is of the libraries that it needs for that."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from midspan._environment import ConfigurationError, Environment, watched
from midspan._imports import is_importable
from midspan.cli._markers import plain
from midspan.cli._requirements import extras_of
from midspan.cli.bootstrap._installed import Held, Installed, held
from midspan.cli.bootstrap._report import Part, Report, Row
from midspan.sdk._wiring import named_exporters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from midspan.cli._requirements import Requirement
    from midspan.cli.run._wishes import Wishes

__all__ = ["look"]

_VARIABLES: Final = ("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER")


def look(wishes: Wishes, variables: Mapping[str, str]) -> Report:
    """Return a row for each library that is here, each legacy API, and each exporter that is configured."""
    seeker = _Seeker(Installed(), wishes)
    report = Report(seeker.installed)
    report.rows += seeker.integrations()
    report.rows += seeker.bridges()
    report.rows += _exporters(seeker, report, variables)
    return report


class _Seeker:
    """Knows what is installed, and what each distribution with plug-ins calls its extras."""

    def __init__(self, installed: Installed, wishes: Wishes) -> None:
        self.installed = installed
        self._wishes = wishes
        self._extras: dict[str, dict[str, list[Requirement]]] = {}

    def integrations(self) -> Iterator[Row]:
        """Yield a row for each integration whose library is here."""
        for point in _points("integrations"):
            row = self.row("integrations", point, (point.name,))
            try:
                library = getattr(point.load(), "LIBRARY", None)
            except Exception as error:  # noqa: BLE001 - one that is broken is a row like the others
                library = None
                row = row._replace(trouble=f"broken: {type(error).__name__}: {error}")
            row = self._with_stand_in(row, library)
            if not any(part.found for part in row.parts):
                continue
            if row.is_well and library is not None:
                row = row._replace(trouble=library.trouble() or "")
            yield row._replace(off=self._wishes.refusal(point.name) or "")

    def bridges(self) -> Iterator[Row]:
        """Yield a row for each legacy API that is here, or that something here needs."""
        for point in _points("bridges"):
            row = self.row("bridges", point, (point.name,))
            users = [str(user) for part in row.parts for user in self.installed.who_needs(part.requirement)]
            if users or any(part.found for part in row.parts):
                why = f"used by {', '.join(users)}" if users else ""
                yield row._replace(why=why, off=self._wishes.refusal(point.name) or "")

    def row(self, group: str, point: metadata.EntryPoint, wanted: Iterable[str]) -> Row:
        """Return the row of a plug-in with what these extras of its distribution need."""
        origin = None if point.dist is None else held(point.dist)
        known = {} if point.dist is None or origin is None else self._extras_of(point.dist, origin)
        extras = [plain(extra) for extra in wanted if plain(extra) in known]
        needed = dict.fromkeys(requirement for extra in extras for requirement in known[extra])
        parts = tuple(Part(each, self.installed.find(each.name)) for each in needed)
        return Row(group, point.name, parts, origin, tuple(extras))

    def _extras_of(self, distribution: metadata.Distribution, origin: Held) -> dict[str, list[Requirement]]:
        if origin.name not in self._extras:
            self._extras[origin.name] = extras_of(distribution)
        return self._extras[origin.name]

    def _with_stand_in(self, row: Row, library: Any) -> Row:  # noqa: ANN401 - an integration's Library
        """Put in what the library's module comes from, where it goes by another name than in the extra."""
        if library is None or any(part.found for part in row.parts) or not is_importable(library.module):
            return row
        found = self.installed.of_module(library.module) or Held(library.module, "")
        parts = (
            part._replace(found=found) if part.requirement.is_for(library.distribution) else part
            for part in row.parts
        )
        return row._replace(parts=tuple(parts))


def _exporters(seeker: _Seeker, report: Report, variables: Mapping[str, str]) -> Iterator[Row]:
    """Yield a row for each exporter that is configured; note in the report what cannot be."""
    known = {point.name: point for point in _points("exporters")}
    for name, said_by in _named(Environment(variables)).items():
        if name not in known:
            there = ", ".join([*known, "none"])
            report.refusals.append(f"there is no exporter {name!r} ({_listed(said_by)}); there is: {there}")
            continue
        try:
            with watched() as readings:
                extras, trouble = _extras_for(known[name], variables)
        except ConfigurationError as refusal:
            report.refusals.append(str(refusal))
            continue
        said_by |= {variable for variable, said in readings.items() if said}
        row = seeker.row("exporters", known[name], extras)
        # What lacks its library cannot be imported: that is no trouble of its own.
        yield row._replace(why=_listed(said_by), trouble="" if row.lacking else trouble)


def _named(environment: Environment) -> dict[str, set[str]]:
    """Return the exporters that are configured, each with the variables that name it."""
    found: dict[str, set[str]] = {}
    for variable, names in zip(_VARIABLES, named_exporters(environment), strict=True):
        who = variable if environment.text(variable) else "by default"
        for name in names:
            found.setdefault(name, set()).add(who)
    found.pop("none", None)
    return found


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _extras_for(point: metadata.EntryPoint, variables: Mapping[str, str]) -> tuple[Iterable[str], str]:
    """Return the extras that an exporter needs: that of its name, unless it says others; and its trouble.

    Raises:
        ConfigurationError: A variable says what it cannot.
    """
    try:
        ask = getattr(point.load(), "extras", None)
        return ((point.name,) if ask is None else sorted(ask(variables))), ""
    except ConfigurationError:
        raise
    except Exception as error:  # noqa: BLE001 - as for integrations
        return (point.name,), f"broken: {type(error).__name__}: {error}"


def _points(group: str) -> list[metadata.EntryPoint]:
    return sorted(metadata.entry_points(group=f"midspan.{group}"), key=lambda point: point.name)
