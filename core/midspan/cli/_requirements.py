"""Read requirements, as a distribution's metadata has them: `redis[hiredis]>=4.2; extra == "redis"`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from midspan._versions import is_allowed
from midspan.cli._markers import MarkerError, holds, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib import metadata

__all__ = ["Requirement", "extras_of", "read_requirements"]

_FORM: Final = re.compile(
    r"""
    \s* (?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)
    \s* (?:\[(?P<extras>[^\]]*)\])?
    \s* (?:@\s*(?P<url>\S+)\s* | \(?(?P<specifiers>[^;()@]*)\)?\s*)
    (?:;(?P<marker>.*))?
    """,
    re.VERBOSE | re.DOTALL,
)


class Requirement(NamedTuple):
    """A distribution that is needed, and which versions of it will do."""

    name: str
    # As pip takes it, without a marker.
    text: str
    specifiers: str = ""
    extras: tuple[str, ...] = ()

    def allows(self, version: str) -> bool:
        """Say whether a version will do; one that nobody knows will."""
        return not version or is_allowed(version, self.specifiers)

    def is_for(self, name: str | None) -> bool:
        """Say whether it is the distribution of this name that is needed."""
        return name is not None and plain(name) == plain(self.name)


def read_requirements(lines: Iterable[str] | None, extra: str = "") -> Iterator[Requirement]:
    """Yield the requirements that hold here, with an extra or without; what cannot be read is left out."""
    for line in lines or ():
        found = _FORM.fullmatch(line)
        if found is None:
            continue
        try:
            if found["marker"] and not holds(found["marker"], extra):
                continue
        except MarkerError:
            continue
        yield _requirement(found)


def _requirement(found: re.Match[str]) -> Requirement:
    extras = tuple(plain(each.strip()) for each in (found["extras"] or "").split(",") if each.strip())
    specifiers = re.sub(r"\s+", "", found["specifiers"] or "")
    inner = f"[{','.join(extras)}]" if extras else ""
    rest = f" @ {found['url']}" if found["url"] else specifiers
    return Requirement(found["name"], f"{found['name']}{inner}{rest}", specifiers, extras)


def extras_of(distribution: metadata.Distribution) -> dict[str, list[Requirement]]:
    """Return what each extra of a distribution adds, extras within extras included."""
    lines = distribution.requires or []
    always = set(read_requirements(lines))
    own = (distribution.metadata.get_all("Name") or [""])[0]
    added = {
        plain(extra): [each for each in read_requirements(lines, extra) if each not in always]
        for extra in distribution.metadata.get_all("Provides-Extra") or []
    }
    return {extra: list(dict.fromkeys(_unfolded(extra, added, own, set()))) for extra in added}


def _unfolded(
    extra: str, added: dict[str, list[Requirement]], own: str, seen: set[str]
) -> Iterator[Requirement]:
    """Yield what an extra adds, in place of what it says of the distribution itself."""
    seen.add(extra)
    for requirement in added.get(extra, ()):
        if not requirement.is_for(own):
            yield requirement
            continue
        for inner in requirement.extras:
            if inner not in seen:
                yield from _unfolded(inner, added, own, seen)
