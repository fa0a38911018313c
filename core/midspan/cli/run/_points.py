"""Find the bridges and integrations that are registered here, and know what each waits for."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BRIDGE", "INTEGRATION", "awaited_by", "registered"]

BRIDGE: Final = "midspan.bridges"
INTEGRATION: Final = "midspan.integrations"
# A bridge is installed as soon as any of these is imported.
_LEGACY: Final = {
    "opentracing": ("opentracing",),
    "opencensus": ("opencensus.trace", "opencensus.stats", "opencensus.metrics", "opencensus.tags"),
}
# Our integrations are called as the module that a program imports is, all but these.
_OTHERWISE: Final = {"mysql_connector": "mysql.connector"}


def registered() -> Iterator[metadata.EntryPoint]:
    """Yield the entry points of bridges, then of integrations, each sorted by name."""
    # Asked once for both: to look at all that is installed takes 10 ms.
    found = metadata.entry_points()
    for group in (BRIDGE, INTEGRATION):
        yield from sorted(found.select(group=group), key=lambda point: point.name)


def awaited_by(point: metadata.EntryPoint) -> tuple[str, ...] | None:
    """Return the modules that a plug-in waits for, without importing it; None if only it knows."""
    if point.group == BRIDGE:
        return _LEGACY.get(point.name, (point.name,))
    if point.value == f"{INTEGRATION}.{point.name}":
        return (_OTHERWISE.get(point.name, point.name),)
    return None
