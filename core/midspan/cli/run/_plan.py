"""Say of everything that is registered here whether it would be instrumented, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from midspan._imports import is_importable
from midspan.cli.run._points import BRIDGE, awaited_by, registered

if TYPE_CHECKING:
    from importlib import metadata

    from midspan.cli.run._wishes import Wishes

__all__ = ["Row", "plan"]


class Row(NamedTuple):
    """One plug-in, and why it stays off; None if it does not."""

    kind: str
    name: str
    refusal: str | None


def plan(wishes: Wishes) -> list[Row]:
    """Return a row for each bridge and each integration; imports the integrations, but no library."""
    return [
        Row(point.group.rpartition(".")[2].removesuffix("s"), point.name, _refusal(point, wishes))
        for point in registered()
    ]


def _refusal(point: metadata.EntryPoint, wishes: Wishes) -> str | None:
    unwanted = wishes.refusal(point.name)
    if unwanted is not None:
        return unwanted
    if point.group == BRIDGE:
        # The bridge imports the legacy library: only whether that is here can be asked.
        return None if any(map(is_importable, awaited_by(point) or ())) else f"{point.name} is not installed"
    try:
        library = getattr(point.load(), "LIBRARY", None)
    except Exception as error:  # noqa: BLE001 - whatever a broken one raises is what there is to tell
        return f"broken: {type(error).__name__}: {error}"
    # Another distribution's may not say what it is for.
    trouble: str | None = None if library is None else library.trouble()
    return trouble
