"""Keep on disk what memory cannot hold: one SQLite file, which several processes may share.

Each row is a parcel. Who sends one holds it for a while, so that no two processes send the same; a process
that was killed holds nothing for long. What the backend has acknowledged is deleted. Whatever happens to the
file (a full disk, a truncated page, a folder that may not be written to) is a trouble that is counted and
said: the application never notices, and the pipeline goes on in memory.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.sdk._outbox import Parcel
from midspan.sdk._spill_file import SpillFile

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from midspan.sdk._delivery import SpillSettings

__all__ = ["Spill"]

# A request takes ten seconds by default; whoever holds a parcel says so anew at each attempt.
_HOLD_S: Final = 120.0
# How often a process that has nothing on disk looks whether another has left something there.
_LOOK_S: Final = 60.0
_INSERT: Final = "INSERT INTO parcels VALUES (?, ?, ?, ?, ?, 0, '', ?)"
_OLDEST: Final = (
    "SELECT key, signal, body, count FROM parcels WHERE exporter = ? AND held_until <= ?"
    " ORDER BY at, rowid LIMIT 1"
)
_DELETE: Final = "DELETE FROM parcels WHERE key = ?"
_HOLD: Final = "UPDATE parcels SET held_until = ?, holder = ? WHERE key = ?"
_HOLDERS: Final = "SELECT DISTINCT holder FROM parcels WHERE exporter = ? AND held_until > ?"
_RELEASE: Final = "UPDATE parcels SET held_until = 0 WHERE exporter = ? AND holder = ?"
_OLD: Final = "SELECT exporter, signal, total(count) FROM parcels WHERE at < ? GROUP BY exporter, signal"
_DELETE_OLD: Final = "DELETE FROM parcels WHERE at < ?"

# Those of this process.
_holders: Final[set[str]] = set()


class Spill:
    """The parcels of one exporter that lie on disk."""

    def __init__(
        self, settings: SpillSettings, exporter: str, now_s: Callable[[], float] = time.time
    ) -> None:
        """Take settings, and the name of the exporter; opens nothing yet."""
        self._settings = settings
        self._exporter = exporter
        self._now_s = now_s
        # Called with a reason and counts by signal when parcels are lost here; without counts, all are.
        self.when_lost: Callable[[str, dict[str, int] | None], object] = lambda *_: None
        self._file = SpillFile(settings, now_s, lambda: self.when_lost("spill_lost", None))
        # Whether there may be anything to take; a look at the disk says for sure.
        self.holds_any = self._file.exists
        self._looked_s = -_LOOK_S
        self._begin()

    def _begin(self) -> None:
        """Hold in the name of this process; after a fork, of another."""
        self._nonce = os.urandom(8).hex()
        # What tells it from an earlier one of the same number: a container's is always 1.
        self._holder = f"{os.uname().nodename}:{os.getpid()}:{self._nonce}"
        _holders.add(self._holder)
        # What the disk is still to be told: of parcels that have arrived, or were let go, when it had no ear.
        self._owed: list[tuple[str, tuple[Any, ...]]] = []

    @property
    def is_busy(self) -> bool:
        """Whether the disk had no ear a moment ago, because other processes wrote."""
        return self._file.is_busy

    @property
    def has_room(self) -> bool:
        """Whether the last parcel that came found room, or that is some time ago."""
        return self._file.has_room

    def put(self, parcel: Parcel) -> bool:
        """Write a parcel down; False, counted and said, if that cannot be."""
        key = self._nonce + os.urandom(8).hex()
        row = (key, self._exporter, parcel.signal, parcel.count, self._now_s(), parcel.body)

        def insert(database: sqlite3.Connection) -> bool:
            database.execute(_INSERT, row)
            # Still alone: a look at the disk in the same moment must not say that there is nothing.
            self.holds_any = True
            return True

        if not self._file.attempt_to_add(insert):
            return False
        parcel.key = key
        return True

    def is_own(self, parcel: Parcel) -> bool:
        """Say whether a parcel was written down here, and not by another process."""
        return parcel.key.startswith(self._nonce)

    def take(self) -> Parcel | None:
        """Take the oldest parcel that nobody holds, and hold it."""
        now_s = self._now_s()
        if not self.holds_any and abs(now_s - self._looked_s) < _LOOK_S:
            return None
        self._looked_s = now_s
        found = self._file.attempt(self._taken)
        if found is None and not self._file.is_busy:
            # The disk could not be asked: it is, again, in a while.
            self.holds_any = False
        return found[0] if found else None

    def _taken(self, database: sqlite3.Connection) -> list[Parcel | None]:
        """Return the oldest; None, in a list too, if there is none."""
        now_s = self._now_s()
        database.execute("BEGIN IMMEDIATE")
        for statement, row in self._owed:
            database.execute(statement, row)
        self._expire(database, now_s)
        self._release_what_the_dead_hold(database, now_s)
        found = database.execute(_OLDEST, (self._exporter, now_s)).fetchone()
        if found is not None:
            database.execute(_HOLD, (now_s + _HOLD_S, self._holder, found[0]))
        database.execute("COMMIT")
        self._owed.clear()
        self.holds_any = found is not None
        return [None if found is None else Parcel(found[1], found[2], found[3], found[0])]

    def _release_what_the_dead_hold(self, database: sqlite3.Connection, now_s: float) -> None:
        for (holder,) in database.execute(_HOLDERS, (self._exporter, now_s)).fetchall():
            if not _is_alive(holder):
                database.execute(_RELEASE, (self._exporter, holder))

    def hold(self, parcel: Parcel) -> None:
        """Go on holding a parcel that is about to be sent once more."""
        row = (self._now_s() + _HOLD_S, self._holder, parcel.key)
        self._file.attempt(lambda database: database.execute(_HOLD, row))

    def release(self, parcel: Parcel) -> None:
        """Leave a parcel to whoever comes next."""
        self._tell(_HOLD, (0.0, "", parcel.key))
        self.holds_any = True

    def remove(self, parcel: Parcel) -> None:
        """Forget a parcel that has arrived, or never will."""
        self._tell(_DELETE, (parcel.key,))
        self._file.shrank()

    def _tell(self, statement: str, row: tuple[Any, ...]) -> None:
        if self._file.attempt(lambda database: database.execute(statement, row)) is None:
            # Nobody else takes the parcel before the hold is over; until then there is time to try again.
            self._owed.append((statement, row))

    def _expire(self, database: sqlite3.Connection, now_s: float) -> None:
        """Drop what is too old to be worth sending, whosever it is: nobody else may come for it."""
        oldest = (now_s - self._settings.max_age_s,)
        found = database.execute(_OLD, oldest).fetchall()
        if not found:
            return
        database.execute(_DELETE_OLD, oldest)
        count = sum(int(each[2]) for each in found)
        _trouble.note("spill.expired", "%s items on disk became too old, and are dropped", count)
        own = {signal: int(count) for exporter, signal, count in found if exporter == self._exporter}
        self.when_lost("expired", own)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def after_fork(self) -> None:
        """In the child: leave the parent's connection alone, and have one of its own."""
        self._file.after_fork()
        self._begin()


def _is_alive(holder: str) -> bool:
    """Say whether a process that holds parcels may still send them."""
    host, number, _ = holder.split(":")
    if host != os.uname().nodename:
        # Of another container, say, which shares the folder and nothing else: its time will tell.
        return True
    if int(number) == os.getpid():
        return holder in _holders
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except OSError:  # It is somebody else's.
        return True
    return True
