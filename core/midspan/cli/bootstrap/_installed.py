"""What is installed here, as its metadata tells it; nothing is imported."""

from __future__ import annotations

from importlib import metadata
from typing import NamedTuple

from midspan._versions import is_version
from midspan.cli._markers import plain
from midspan.cli._requirements import Requirement, read_requirements

__all__ = ["Held", "Installed", "held"]


class Held(NamedTuple):
    """A distribution that is installed; its version is "" where nobody knows it."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}" if self.version else f"{self.name}, of no known version"


class Installed:
    """The distributions of this interpreter's environment, each once: the one that an import would find."""

    def __init__(self) -> None:
        self._held: dict[str, Held] = {}
        self._needed: dict[str, list[Held]] = {}
        for distribution in metadata.distributions():
            found = held(distribution)
            if found is not None and plain(found.name) not in self._held:
                self._held[plain(found.name)] = found
                needed = {plain(each.name) for each in read_requirements(distribution.requires)}
                for name in needed:
                    self._needed.setdefault(name, []).append(found)

    def find(self, name: str) -> Held | None:
        """Return the distribution of this name."""
        return self._held.get(plain(name))

    def who_needs(self, requirement: Requirement) -> list[Held]:
        """Return the distributions that need the same one, whether it is here or not, sorted."""
        return sorted(self._needed.get(plain(requirement.name), ()), key=lambda user: plain(user.name))

    def of_module(self, module: str) -> Held | None:
        """Return the distribution that a top-level module comes from."""
        names = metadata.packages_distributions().get(module, ())
        return next(filter(None, map(self.find, names)), None)

    def pins(self) -> list[str]:
        """Return requirements that are met by exactly what is here."""
        return [f"{each.name}=={each.version}" for each in self._held.values() if is_version(each.version)]


def held(distribution: metadata.Distribution) -> Held | None:
    """Return a distribution's name and version; None of one that is broken, or half removed."""
    try:
        told = distribution.metadata
        name, version = (told.get_all(field) or [""] for field in ("Name", "Version"))
    except Exception:  # noqa: BLE001 - whatever lies in the folder, and however each Python reads it
        return None
    return Held(name[0], version[0]) if name[0] else None
