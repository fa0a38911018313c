"""Find what is registered under our entry points, and what each of it lacks."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from importlib import metadata
from typing import TYPE_CHECKING, Final

from midspan.cli.doctor._report import PlugIn
from midspan.propagation import _names

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["GROUPS", "plug_ins", "variables_of_others"]

GROUPS: Final = ("exporters", "propagators", "bridges", "integrations")
_GROUPS: Final = {f"midspan.{group}": group for group in GROUPS}
_NAME: Final = re.compile(r"[\w.-]+")
_EXTRA: Final = re.compile(r"""extra\s*==\s*['"]([\w.-]+)['"]""")


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
            requirements = distribution.requires or []
            found += [_looked_at(point, name, requirements) for point in points]
    return sorted(found, key=lambda plug_in: (plug_in.origin != "midspan", plug_in.origin))


def _name(distribution: metadata.Distribution) -> str:
    """Return a distribution's name; one that is being installed may have none yet."""
    names: list[str] = distribution.metadata.get_all("Name") or ["?"]
    return names[0]


def _looked_at(point: metadata.EntryPoint, origin: str, requirements: list[str]) -> PlugIn:
    needed = _extras(point, requirements)
    found = PlugIn(_GROUPS[point.group], point.name, origin)
    remedy = f"pip install '{origin}[{_plain(point.name)}]'" if needed else ""
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


def _missing(requirements: list[str]) -> Iterator[str]:
    """Yield the requirements of which nothing at all is installed."""
    for requirement in requirements:
        name = _NAME.match(requirement)
        try:
            if name is not None:
                metadata.distribution(name.group())
        except metadata.PackageNotFoundError:
            yield requirement.partition(";")[0].strip()


def _extras(point: metadata.EntryPoint, requirements: list[str]) -> list[str]:
    """Return the requirements of the extra that bears a plug-in's name."""
    found = ((requirement, _EXTRA.search(requirement)) for requirement in requirements)
    return [text for text, extra in found if extra is not None and _plain(extra[1]) == _plain(point.name)]


def _plain(name: str) -> str:
    """Return a name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def variables_of_others() -> set[str]:
    """Return what exporters say of the variables that they read, in their attribute `variables`."""
    declared: set[str] = set()
    for point in metadata.entry_points(group="midspan.exporters"):
        with contextlib.suppress(Exception):  # it is told of among the plug-ins
            declared.update(map(str, getattr(_loaded(point), "variables", ())))
    return declared
