"""Keep on disk what memory cannot hold: one SQLite file, which several processes may share.

Each row is a parcel. Who sends one holds it for a while, so that no two processes send the same; a process
that was killed holds nothing for long. What the backend has acknowledged is deleted. Whatever happens to the
file (a full disk, a truncated page, a folder that may not be written to) is a trouble that is counted and
said: the application never notices, and the pipeline goes on in memory.
"""

from __future__ import annotations

import os
import sqlite3
import time
from typing import TYPE_CHECKING, Final, TypeVar

from midspan import _trouble
from midspan._native import allocate_lock
from midspan.sdk._outbox import Parcel

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.sdk._delivery import SpillSettings

__all__ = ["Spill"]

_FILE: Final = "midspan-spill.sqlite3"
# A request takes ten seconds by default; whoever holds a parcel says so anew at each attempt.
_HOLD_S: Final = 120.0
_BUSY_MS: Final = 2_000
_PAGE_BYTES: Final = 4_096
# How long a file that could not be used is left alone.
_REST_S: Final = 30.0
_SCHEMA: Final = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS parcels (
    key TEXT PRIMARY KEY, exporter TEXT NOT NULL, signal TEXT NOT NULL, count INTEGER NOT NULL,
    at REAL NOT NULL, held_until REAL NOT NULL, holder TEXT NOT NULL, body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS by_age ON parcels (exporter, at);
"""
_INSERT: Final = "INSERT INTO parcels VALUES (?, ?, ?, ?, ?, 0, '', ?)"
_OLDEST: Final = (
    "SELECT key, signal, body, count FROM parcels WHERE exporter = ? AND held_until <= ? ORDER BY at LIMIT 1"
)
_HOLD: Final = "UPDATE parcels SET held_until = ?, holder = ? WHERE key = ?"
_HOLDERS: Final = "SELECT DISTINCT holder FROM parcels WHERE exporter = ? AND held_until > ?"
_RELEASE: Final = "UPDATE parcels SET held_until = 0 WHERE exporter = ? AND holder = ?"
_DELETE: Final = "DELETE FROM parcels WHERE key = ?"

T = TypeVar("T")

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
        self._begin()
        # Connections of the process that this one was forked from: closing them here would harm it.
        self._parents: list[sqlite3.Connection] = []
        self._rests_until_s = 0.0
        # Whether there may be anything to take; a look at the disk says for sure.
        self.holds_any = os.path.exists(self._path)  # noqa: PTH110 - one stat, no import of pathlib
        self.is_full = False

    def _begin(self) -> None:
        """Have nothing open; after a fork, again."""
        self._lock = allocate_lock()
        self._connection: sqlite3.Connection | None = None
        # A process, and what tells it from an earlier one of the same number: a container's is always 1.
        self._holder = f"{os.getpid()}:{os.urandom(8).hex()}"
        _holders.add(self._holder)

    @property
    def _path(self) -> str:
        return os.path.join(self._settings.folder, _FILE)  # noqa: PTH118 - as above

    @property
    def has_room(self) -> bool:
        """Whether the last parcel that came found room."""
        return not self.is_full

    def put(self, parcel: Parcel) -> bool:
        """Write a parcel down; False, counted and said, if that cannot be."""
        key = os.urandom(16).hex()
        row = (key, self._exporter, parcel.signal, parcel.count, self._now_s(), parcel.body)
        if self._attempt(lambda database: database.execute(_INSERT, row)) is None:
            return False
        parcel.key = key
        self.holds_any = True
        return True

    def take(self) -> Parcel | None:
        """Take the oldest parcel that nobody holds, and hold it."""
        if not self.holds_any:
            return None
        parcel = self._attempt(self._taken)
        self.holds_any = parcel is not None
        return parcel

    def _taken(self, database: sqlite3.Connection) -> Parcel | None:
        now_s = self._now_s()
        database.execute("BEGIN IMMEDIATE")
        self._expire(database, now_s)
        self._release_what_the_dead_hold(database, now_s)
        found = database.execute(_OLDEST, (self._exporter, now_s)).fetchone()
        if found is not None:
            database.execute(_HOLD, (now_s + _HOLD_S, self._holder, found[0]))
        database.execute("COMMIT")
        return None if found is None else Parcel(found[1], found[2], found[3], found[0])

    def _release_what_the_dead_hold(self, database: sqlite3.Connection, now_s: float) -> None:
        for (holder,) in database.execute(_HOLDERS, (self._exporter, now_s)).fetchall():
            if not _is_alive(holder):
                database.execute(_RELEASE, (self._exporter, holder))

    def hold(self, parcel: Parcel) -> None:
        """Go on holding a parcel that is about to be sent once more."""
        held = (self._now_s() + _HOLD_S, self._holder, parcel.key)
        self._attempt(lambda database: database.execute(_HOLD, held))

    def release(self, parcel: Parcel) -> None:
        """Leave a parcel to whoever comes next."""
        self._attempt(lambda database: database.execute(_HOLD, (0.0, "", parcel.key)))
        self.holds_any = True

    def remove(self, parcel: Parcel) -> None:
        """Forget a parcel that has arrived, or never will."""
        self._attempt(lambda database: database.execute(_DELETE, (parcel.key,)))
        self.is_full = False

    def _expire(self, database: sqlite3.Connection, now_s: float) -> None:
        """Drop what is too old to be worth sending."""
        oldest = (now_s - self._settings.max_age_s,)
        (count,) = database.execute("SELECT total(count) FROM parcels WHERE at < ?", oldest).fetchone()
        if count:
            database.execute("DELETE FROM parcels WHERE at < ?", oldest)
            _trouble.note("spill.expired", "%s items on disk became too old, and are dropped", int(count))

    def _attempt(self, act: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do something to the database; what goes wrong is counted and said, and the answer is None."""
        with self._lock:
            try:
                return act(self._open())
            except (sqlite3.Error, OSError) as error:
                self._suffer(error)
                return None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            if self._now_s() < self._rests_until_s:
                raise sqlite3.OperationalError("the file is left alone for a while")
            os.makedirs(self._settings.folder, mode=0o700, exist_ok=True)  # noqa: PTH103 - as above
            # Made by us and not by SQLite, which would let everybody read it; its other two files follow it.
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            database.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            database.executescript(_SCHEMA)
            database.execute(f"PRAGMA max_page_count = {max(self._settings.max_bytes // _PAGE_BYTES, 16)}")
            self._connection = database
        return self._connection

    def _suffer(self, error: Exception) -> None:
        """Put right what can be; the next attempt may find the file well again."""
        text = str(error)
        if isinstance(error, sqlite3.OperationalError) and self._connection is not None:
            if self._connection.in_transaction:
                self._connection.rollback()
            self.is_full = "full" in text
            cause = "spill.full" if self.is_full else "spill.failed"
            _trouble.note(cause, "what was to be kept on disk is not", error=error)
            return
        self._rests_until_s = self._now_s() + _REST_S
        self.close()
        _trouble.note("spill.failed", "the file for what cannot be sent now is of no use", error=error)
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            self._put_aside()

    def _put_aside(self) -> None:
        """Begin a new file in place of one that is corrupt, and keep that one for who wants to look at it."""
        try:
            os.replace(self._path, f"{self._path}.corrupt")  # noqa: PTH105 - as above
            self._rests_until_s = 0.0
        except OSError as error:
            _trouble.note("spill.failed", "a corrupt file could not be put aside", error=error)

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def after_fork(self) -> None:
        """In the child: leave the parent's connection alone, and have one of its own."""
        if self._connection is not None:
            self._parents.append(self._connection)
        self._begin()


def _is_alive(holder: str) -> bool:
    """Say whether a process that holds parcels may still send them."""
    number = int(holder.partition(":")[0])
    if number == os.getpid():
        return holder in _holders
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:  # It is somebody else's.
        return True
    return True
