"""The SQLite file that several processes share: opened late, left alone while it is of no use.

Whatever happens to it is a trouble that is counted and said; nothing is ever raised.
"""

from __future__ import annotations

import os
import sqlite3
import time
from typing import TYPE_CHECKING, Final, TypeVar

from midspan import _trouble
from midspan._native import allocate_lock, sleep

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.sdk._delivery import SpillSettings

__all__ = ["FILE", "SpillFile"]

FILE: Final = "midspan-spill.sqlite3"
# SQLite's own, beside it.
_SUFFIXES: Final = ("", "-wal", "-shm")
# How long others may write; a shutdown may have to wait for it once. After that, until it went well again, no
# longer than somebody takes who writes one parcel.
_PATIENCE_MS: Final = 1_000
_LITTLE_PATIENCE_MS: Final = 50
_PAGE_BYTES: Final = 4_096
# Beyond the limit, for what takes hold of parcels and lets them go: a full file must be one to empty.
_SPARE_PAGES: Final = 64
# How long a file that could not be used is left alone; and one that others did not let go of in time.
_REST_S: Final = 30.0
_BUSY_REST_S: Final = 1.0
_POLL_S: Final = 0.005
_SCHEMA: Final = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS parcels (
    key TEXT PRIMARY KEY, exporter TEXT NOT NULL, signal TEXT NOT NULL, count INTEGER NOT NULL,
    at REAL NOT NULL, held_until REAL NOT NULL, holder TEXT NOT NULL, body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS by_age ON parcels (exporter, at);
"""

T = TypeVar("T")


class SpillFile:
    """One process's way to the file; safe in threads."""

    def __init__(
        self, settings: SpillSettings, now_s: Callable[[], float], when_lost: Callable[[], object]
    ) -> None:
        """Open nothing yet; `when_lost` is called when a file is gone, or had to be put aside."""
        self._settings = settings
        self._now_s = now_s
        self._when_lost = when_lost
        self._path = os.path.join(settings.folder, FILE)  # noqa: PTH118 - no import of pathlib
        self._lock = allocate_lock()
        self._connection: sqlite3.Connection | None = None
        # Which file it was that was opened last: another process may have replaced it since.
        self._inode = 0
        # Connections of the process that this one was forked from: closing them here would harm it.
        self._parents: list[sqlite3.Connection] = []
        self._failed_s = -_REST_S
        self._filled_s = -_REST_S
        self._busy_s = -_REST_S
        self._patience_ms = _PATIENCE_MS

    @property
    def exists(self) -> bool:
        """Whether somebody has made the file."""
        return os.path.exists(self._path)  # noqa: PTH110 - as above

    @property
    def has_room(self) -> bool:
        """Whether it is worth trying to write."""
        return not (self._is_recent(self._filled_s) or self._is_recent(self._failed_s) or self.is_busy)

    @property
    def is_busy(self) -> bool:
        """Whether other processes were in the way the last time, a moment ago: it is well otherwise."""
        return self._is_recent(self._busy_s, _BUSY_REST_S)

    def shrank(self) -> None:
        """Note that something was deleted."""
        self._filled_s = -_REST_S

    def _is_recent(self, moment_s: float, rest_s: float = _REST_S) -> bool:
        # A clock that was set back must not make it recent for an hour.
        return abs(self._now_s() - moment_s) < rest_s

    def attempt(self, act: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do something to the database, alone in this process; None if that went wrong."""
        with self._lock:
            try:
                done = act(self._opened())
                self._wait_for_others(_PATIENCE_MS)
            except (sqlite3.Error, OSError) as error:
                self._suffer(error)
                return None
            return done

    def attempt_to_add(self, act: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do the same to what may need more room, up to the limit."""

        def bounded(database: sqlite3.Connection) -> T:
            self._bound(database, 0)
            try:
                return act(database)
            finally:
                self._bound(database, _SPARE_PAGES)

        return self.attempt(bounded)

    def _bound(self, database: sqlite3.Connection, spare_pages: int) -> None:
        pages = max(self._settings.max_bytes // _PAGE_BYTES, 16) + spare_pages
        database.execute(f"PRAGMA max_page_count = {pages}")

    def _opened(self) -> sqlite3.Connection:
        if self._connection is not None and not self._is_there():
            # What tidies folders, or another process, was here: nobody would ever find what is written now.
            self._close()
            self._when_lost()
        if self._connection is None:
            if self._is_recent(self._failed_s):
                raise sqlite3.OperationalError("the file is left alone for a while")
            os.makedirs(self._settings.folder, mode=0o700, exist_ok=True)  # noqa: PTH103 - as above
            # Made by us and not by SQLite, which would let everybody read it; its other two files follow it.
            file = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
            self._inode = os.fstat(file).st_ino
            os.close(file)
            self._connection = self._connected()
        return self._connection

    def _is_there(self) -> bool:
        """Say whether the file that was opened last is the one that lies there."""
        try:
            return os.stat(self._path).st_ino == self._inode  # noqa: PTH116 - as above
        except FileNotFoundError:
            return False

    def _connected(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        try:
            database.execute(f"PRAGMA busy_timeout = {self._patience_ms}")
            _lay_out(database, self._patience_ms)
            self._bound(database, _SPARE_PAGES)
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _suffer(self, error: Exception) -> None:
        """Put right what can be; the next attempt may find the file well again."""
        if self._is_full(error) or self._is_locked(error):
            return
        self._close()
        if not self._is_recent(self._failed_s):
            self._failed_s = self._now_s()
            _trouble.note("spill.failed", "the file for what cannot be sent now is of no use", error=error)
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            self._put_aside()

    def _is_full(self, error: Exception) -> bool:
        """Say, after having noted it, whether all that is wrong is that there is no room."""
        if self._connection is None or not _says(error, "full"):
            return False
        self._roll_back()
        self._filled_s = self._now_s()
        _trouble.note("spill.full", "what was to be kept on disk is not", error=error)
        return True

    def _is_locked(self, error: Exception) -> bool:
        """Say, after having noted it, whether all that is wrong is that others have written for too long."""
        if not _says(error, "locked"):
            return False
        self._roll_back()
        self._busy_s = self._now_s()
        self._wait_for_others(_LITTLE_PATIENCE_MS)
        _trouble.note("spill.busy", "others keep the file for what cannot be sent now", error=error)
        return True

    def _wait_for_others(self, patience_ms: int) -> None:
        """From now on, wait so long for what other processes write."""
        if patience_ms != self._patience_ms:
            self._patience_ms = patience_ms
            if self._connection is not None:
                self._connection.execute(f"PRAGMA busy_timeout = {patience_ms}")

    def _roll_back(self) -> None:
        if self._connection is not None and self._connection.in_transaction:
            self._connection.rollback()

    def _put_aside(self) -> None:
        """Begin a new file in place of one that is corrupt, and keep that one for who wants to look at it."""
        try:
            # Else another process was faster, and what lies there now is well.
            if self._is_there():
                for suffix in _SUFFIXES:
                    if os.path.exists(self._path + suffix):  # noqa: PTH110 - as above
                        os.replace(self._path + suffix, f"{self._path}.corrupt{suffix}")  # noqa: PTH105 - as above
            self._when_lost()
            self._failed_s = -_REST_S
        except OSError as error:
            _trouble.note("spill.failed", "a corrupt file could not be put aside", error=error)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """Close the file; it is opened again by whoever needs it."""
        with self._lock:
            self._close()

    def after_fork(self) -> None:
        """In the child: leave the parent's connection alone, and have one of its own."""
        if self._connection is not None:
            self._parents.append(self._connection)
        self._connection = None
        self._lock = allocate_lock()


def _lay_out(database: sqlite3.Connection, patience_ms: int) -> None:
    """Make of a new file what it is to be.

    Of two processes that come first, SQLite turns one away at once, however long it was told to wait.
    """
    until_s = time.monotonic() + patience_ms / 1_000
    while True:
        try:
            database.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            if not _says(error, "locked") or time.monotonic() > until_s:
                raise
            sleep(_POLL_S)
        else:
            return


def _says(error: Exception, word: str) -> bool:
    # Python 3.10 does not tell SQLite's codes.
    return isinstance(error, sqlite3.OperationalError) and word in str(error)
