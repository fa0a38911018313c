"""Read what all processes have told, and keep what the dead have counted, in one file for all of them.

So totals never go back, and a folder grows with the number of series, not with that of processes that ever
were.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from midspan import _trouble
from midspan.exporters.prometheus._snapshot import Snapshot, decode, encode
from midspan.exporters.prometheus._whole import Part, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan.exporters.prometheus._folder import Folder
    from midspan.exporters.prometheus._gauges import Gauges

__all__ = ["begin", "gather", "this_run"]

_ARCHIVE: Final = "ended"
# Where a process's state is in /proc/<pid>/stat: what follows its name, which is in parentheses.
_PARENTHESIS: Final = b")"
_STARTED: Final = 19


class _Found(NamedTuple):
    """What a folder holds, by place."""

    archive: Snapshot | None
    living: dict[int, Snapshot]
    dead: dict[int, Snapshot]


def begin(folder: Folder, run: str, gauges: Gauges) -> int:
    """Return a place for this process, in a folder where it is `alone`.

    What an earlier run of the application has left is removed: when nobody lives, and nobody whose files
    these are had the same parent, and was in the same group of processes, as this one.
    """
    nobody_lives = folder.is_empty()
    found = _found(folder)
    left = [*found.dead.values(), *([found.archive] if found.archive is not None else [])]
    if left and nobody_lives and run not in {snapshot.run for snapshot in left}:
        _remove(folder, [*found.dead, _ARCHIVE])
    else:
        _keep(folder, found, gauges)
    return folder.claim()


def gather(folder: Folder, gauges: Gauges, own: int | None) -> list[Part]:
    """Return all there is to tell but what is at one's `own` place, in a folder where one is `alone`."""
    found = _found(folder, but=own)
    archive = _keep(folder, found, gauges)
    parts = [Part(snapshot, place) for place, snapshot in found.living.items()]
    return parts if archive is None else [Part(archive, None), *parts]


def _found(folder: Folder, but: int | None = None) -> _Found:
    found = _Found(_read(folder, _ARCHIVE), {}, {})
    for place in folder.places():
        if place == but:
            continue
        # Before the file is read: it is the last one that a dead process has written.
        is_alive = folder.lives(place)
        snapshot = _read(folder, place)
        if snapshot is not None:
            (found.living if is_alive else found.dead)[place] = snapshot
        elif not is_alive:
            _remove(folder, [place])
    return found


def _keep(folder: Folder, found: _Found, gauges: Gauges) -> Snapshot | None:
    """Take into the archive what the dead have left; return it."""
    archive, dead = found.archive, found.dead
    taken = frozenset(archive.taken) if archive is not None else frozenset()
    # Their files were to be removed when somebody was killed: they are in the archive already.
    _remove(folder, [place for place, snapshot in dead.items() if snapshot.life in taken])
    new = [snapshot for snapshot in dead.values() if snapshot.life not in taken]
    if not new:
        return archive
    taken_now = [snapshot.life for snapshot in dead.values()]
    archive = _added(archive, new, gauges)._replace(taken=taken_now)
    try:
        folder.write(_ARCHIVE, encode(archive))
    except OSError as error:
        _trouble.note("prometheus.snapshot", "what ended processes counted cannot be kept", error=error)
    else:
        _remove(folder, list(dead))
    return archive


def _added(archive: Snapshot | None, dead: Sequence[Snapshot], gauges: Gauges) -> Snapshot:
    old = () if archive is None else (archive,)
    groups = whole([Part(snapshot, None) for snapshot in (*old, *dead)], gauges)
    return Snapshot("", dead[-1].run, {}, groups)


def _read(folder: Folder, name: int | str) -> Snapshot | None:
    """Return a snapshot; None, counted, if what is there is none."""
    try:
        body = folder.read(name)
        return None if body is None else decode(body)
    except Exception as error:  # noqa: BLE001 - whatever is there must not cost the others' numbers
        _trouble.note("prometheus.snapshot", "%s cannot be read", str(folder.file(name)), error=error)
        return None


def _remove(folder: Folder, names: Sequence[int | str]) -> None:
    for name in names:
        try:
            folder.remove(name)
        except OSError as error:
            _trouble.note("prometheus.snapshot", "%s stays", str(folder.file(name)), error=error)


def this_run() -> str:
    """Return what two workers of one server have in common, and those of its next run do not."""
    return " ".join(f"{pid}@{_started(pid)}" for pid in (os.getppid(), os.getpgrp()))


def _started(pid: int) -> str:
    """Return when a process was started, as the system counts; numbers are used again."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(_PARENTHESIS)[2].split()
        return fields[_STARTED].decode()
    except (OSError, IndexError):
        return ""
