"""Find what is registered under our entry points, and what each of it lacks."""

from __future__ import annotations

import contextlib
import io
import warnings
from importlib import metadata
from typing import TYPE_CHECKING, Final

from midspan.cli._markers import plain
from midspan.cli._requirements import extras_of
from midspan.cli.doctor._report import PlugIn
from midspan.propagation import _names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from midspan.cli._requirements import Requirement

__all__ = ["GROUPS", "plug_ins", "variables_of_others"]

GROUPS: Final = ("exporters", "propagators", "bridges", "integrations")
_GROUPS: Final = {f"midspan.{group}": group for group in GROUPS}


def plug_ins() -> list[PlugIn]:
    """Return every plug-in of every group, each with what keeps it from being used."""
    found = [PlugIn("propagators", name, "midspan") for name in _names._BUILT_IN]
    seen: set[str] = set()
    for distribution in metadata.distributions():
        points = [point for point in distribution.entry_points if point.group in _GROUPS]
        # What lies on the path twice counts once, as for imports. To find its name out takes parsing: last.
        name = _name(distribution) if points else ""
        if points and name not in seen:
            seen.add(name)
            extras = extras_of(distribution)
            found += [_looked_at(point, name, extras.get(plain(point.name), [])) for point in points]
    return sorted(found, key=lambda plug_in: (plug_in.origin != "midspan", plug_in.origin))


def _name(distribution: metadata.Distribution) -> str:
    """Return a distribution's name; one that is being installed may have none yet."""
    names: list[str] = distribution.metadata.get_all("Name") or ["?"]
    return names[0]


def _looked_at(point: metadata.EntryPoint, origin: str, needed: list[Requirement]) -> PlugIn:
    """Look at a plug-in; what it needs is in the extra that bears its name."""
    found = PlugIn(_GROUPS[point.group], point.name, origin)
    remedy = f"pip install '{origin}[{plain(point.name)}]'" if needed else ""
    missing = list(_missing(needed))
    if missing:
        return found._replace(trouble=f"lacks {', '.join(missing)}", remedy=remedy)
    try:
        _loaded(point)
    except Exception as error:  # noqa: BLE001 - whatever a module does when it is imported
        return found._replace(trouble=f"{type(error).__name__}: {error}", remedy=remedy)
    return found


def _loaded(point: metadata.EntryPoint) -> object:
    """Import what an entry point names; what a module says or warns of meanwhile is of no interest."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return point.load()


def _missing(needed: list[Requirement]) -> Iterator[str]:
    """Yield the requirements of which nothing at all is installed."""
    for requirement in needed:
        try:
            metadata.distribution(requirement.name)
        except metadata.PackageNotFoundError:
            yield requirement.text


def variables_of_others() -> set[str]:
    """Return what exporters say of the variables that they read, in their attribute `variables`."""
    declared: set[str] = set()
    for point in metadata.entry_points(group="midspan.exporters"):
        with contextlib.suppress(Exception):  # it is told of among the plug-ins
            declared.update(map(str, getattr(_loaded(point), "variables", ())))
    return declared
