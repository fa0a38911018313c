"""Look at what lies in a folder to spill to, without touching any of it: for a person who asks."""

from __future__ import annotations

import os
import pathlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple

from midspan.sdk._spill_file import FILE

if TYPE_CHECKING:
    from midspan.sdk._delivery import SpillSettings

__all__ = ["SpillState", "Waiting", "spill_state"]

_WAITING: Final = (
    "SELECT exporter, signal, count(*), sum(count), min(at) FROM parcels"
    " GROUP BY exporter, signal ORDER BY exporter, signal"
)


class Waiting(NamedTuple):
    """What waits for one exporter: parcels, the spans or points in them, and since when (Unix seconds)."""

    exporter: str
    signal: str
    parcels: int
    items: int
    since_s: float


class SpillState(NamedTuple):
    """Whether the folder can be written to, how large the file is, what waits in it, and what is wrong."""

    is_writable: bool
    size_bytes: int
    waiting: list[Waiting]
    trouble: str = ""


def spill_state(settings: SpillSettings) -> SpillState:
    """Return what can be seen of a folder; one that is not there yet can be written to if it can be made."""
    folder = pathlib.Path(settings.folder)
    is_writable = os.access(_existing(folder), os.W_OK | os.X_OK)
    file = folder / FILE
    try:
        if not file.exists():
            return SpillState(is_writable, 0, [])
        read_only = f"{file.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(read_only, uri=True, timeout=1.0)) as database:
            found = [Waiting(*row) for row in database.execute(_WAITING)]
        return SpillState(is_writable and os.access(file, os.W_OK), file.stat().st_size, found)
    except (sqlite3.Error, OSError) as error:
        return SpillState(is_writable, 0, [], f"{type(error).__name__}: {error}")


def _existing(folder: pathlib.Path) -> pathlib.Path:
    """Return the folder, or as much of its path as is there."""
    folder = folder.absolute()
    return next(each for each in (folder, *folder.parents) if each.exists())
