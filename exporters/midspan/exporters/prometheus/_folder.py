"""A folder that the processes of one application share: which of them live, and the files of each.

A process has a place, a small number, and holds it by a lock on a byte of one file. The system lets go of
such a lock when the process ends, however it ends, and a forked child does not inherit it: nothing here
depends on a process's number, which another one may be given, nor on the clock.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
import threading
import time
from typing import TYPE_CHECKING, Final

from midspan._forks import after_in_child
from midspan.exporters.prometheus._threads import pause

try:
    import fcntl
except ImportError:  # Windows, where no server forks.
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["IS_POSSIBLE", "Folder", "made_folder", "open_folder"]

IS_POSSIBLE: Final = fcntl is not None
_LOCK: Final = "lock"
_SUFFIX: Final = ".json"
# Which bytes of the file are locked: by who changes what others read, by each place, by who serves a port.
_CHANGES: Final = 0
_FIRST_PLACE: Final = 1
_PLACES: Final = 1 << 16
_FIRST_PORT: Final = 1 << 20
_POLL_S: Final = 0.002
# A snapshot of 100,000 series has about 20 MB.
_MAX_BYTES: Final = 1 << 28

_folders: Final[dict[Path, Folder]] = {}
_opening: threading.Lock = threading.Lock()


class Folder:
    """One folder, as this process sees it: all who use it here share one object (see `open_folder`)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.holders = 0
        self._mine: set[int] = set()
        self._guard = threading.Lock()
        # Open for as long as a place is held: the system takes all locks when one descriptor is closed.
        self._lock = _opened(path / _LOCK, os.O_RDWR | os.O_CREAT)

    @contextlib.contextmanager
    def alone(self, patience_s: float) -> Iterator[None]:
        """Keep all others from changing what belongs to nobody, or to the dead.

        Raises:
            TimeoutError: Another process has been at it for `patience_s` seconds.
        """
        deadline_s = time.monotonic() + patience_s
        if not self._guard.acquire(timeout=patience_s):
            raise TimeoutError(_BUSY)
        try:
            while not self._take(_CHANGES):
                if time.monotonic() > deadline_s:
                    raise TimeoutError(_BUSY)
                pause(_POLL_S)
            try:
                yield
            finally:
                self._let_go(_CHANGES)
        finally:
            self._guard.release()

    def _take(self, byte: int, size: int = 1) -> bool:
        try:
            fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB, size, byte)
        except (BlockingIOError, PermissionError):  # POSIX allows either
            return False
        return True

    def _let_go(self, byte: int, size: int = 1) -> None:
        fcntl.lockf(self._lock, fcntl.LOCK_UN, size, byte)

    def claim(self) -> int:
        """Return the lowest place that is free, which is this process's from now on. Call it `alone`.

        Where there is a file still, somebody has ended only now, or it could not be kept elsewhere.
        """
        for place in itertools.count():
            if place not in self._mine and self._take(_FIRST_PLACE + place):
                if not os.path.lexists(self.file(place)):
                    self._mine.add(place)
                    return place
                self._let_go(_FIRST_PLACE + place)
        raise AssertionError

    def give_back(self, place: int) -> None:
        """Hold a place no more."""
        self._mine.discard(place)
        self._let_go(_FIRST_PLACE + place)

    def lives(self, place: int) -> bool:
        """Say whether the process with a place lives."""
        if place in self._mine:
            return True
        if not self._take(_FIRST_PLACE + place):
            return True
        self._let_go(_FIRST_PLACE + place)
        return False

    def is_empty(self) -> bool:
        """Say whether nobody has a place."""
        if self._mine or not self._take(_FIRST_PLACE, _PLACES):
            return False
        self._let_go(_FIRST_PLACE, _PLACES)
        return True

    def joins(self, port: int) -> bool:
        """Say that this process serves a port; False if it is the first of the folder's. Call it `alone`."""
        is_first = self._take(_FIRST_PORT + port)
        fcntl.lockf(self._lock, fcntl.LOCK_SH, 1, _FIRST_PORT + port)
        return not is_first

    def is_lost(self) -> bool:
        """Say whether somebody has taken the folder away, or put another in its place."""
        try:
            there = (self.path / _LOCK).lstat()
        except OSError:
            return True
        return not os.path.samestat(there, os.fstat(self._lock))

    def touch(self) -> None:
        """Let what tidies up by age see that this is in use."""
        os.utime(self._lock)

    def places(self) -> list[int]:
        """Return the places of which there is a file."""
        stems = (path.name.removesuffix(_SUFFIX) for path in self.path.glob(f"*{_SUFFIX}"))
        return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdigit())

    def file(self, name: int | str) -> Path:
        """Return where a snapshot is: of a place, or one that belongs to nobody."""
        return self.path / f"{name}{_SUFFIX}"

    def read(self, name: int | str) -> bytes | None:
        """Return what a file holds; None if it is not there.

        Raises:
            OSError: It cannot be read, or is no ordinary file.
        """
        try:
            descriptor = _opened(self.file(name), os.O_RDONLY | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        with open(descriptor, "rb") as file:  # noqa: PTH123 - there is no path to it any more
            if not stat.S_ISREG(os.fstat(descriptor).st_mode) or os.fstat(descriptor).st_size > _MAX_BYTES:
                message = f"{self.file(name)} is no file, or too large a one"
                raise OSError(message)
            return file.read()

    def write(self, name: int | str, body: bytes) -> None:
        """Put a file there, whole or not at all: who reads meanwhile reads the one of before.

        Raises:
            OSError: It cannot be written.
        """
        part = self.path / f"{name}.part"
        with open(_opened(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
            file.write(body)
        part.replace(self.file(name))

    def remove(self, name: int | str) -> None:
        """Remove a file; one that is not there is no error."""
        self.file(name).unlink(missing_ok=True)

    def leave(self) -> None:
        """Use the folder no more; the last who leaves closes what is open."""
        with _opening:
            self.holders -= 1
            if not self.holders:
                os.close(self._lock)
                # Another may be there by now, in place of one that was taken away.
                if _folders.get(self.path) is self:
                    del _folders[self.path]

    def close_in_child(self) -> None:
        """Close the copy that a child was born with: the parent's locks stay."""
        os.close(self._lock)


_BUSY: Final = "another process has held the shared folder for too long"


def open_folder(path: Path) -> Folder:
    """Return the folder at a path, the same object for all in this process that use it at the same time.

    Raises:
        OSError: It is not there, or cannot be used.
    """
    with _opening:
        folder = _folders.get(path)
        if folder is None or folder.is_lost():
            folder = _folders[path] = Folder(path)
        folder.holders += 1
        return folder


def made_folder(path: Path) -> None:
    """Make a folder that is this user's alone, if it is not there.

    Raises:
        OSError: It cannot be made, or what is there is somebody else's.
    """
    above = path.parent.stat()
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
        _give(path, above)
    there = path.lstat()
    if not stat.S_ISDIR(there.st_mode) or there.st_uid not in {os.geteuid(), above.st_uid}:
        message = f"{path} is no folder of this user's"
        raise PermissionError(message)


def _opened(path: Path, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    if flags & os.O_CREAT:
        _give(descriptor, path.parent.stat())
    return descriptor


def _give(what: Path | int, like: os.stat_result) -> None:
    """Let what root has made belong to whom the folder belongs to: a server's workers are somebody else."""
    if os.geteuid() == 0 and like.st_uid != 0:
        os.chown(what, like.st_uid, like.st_gid)


def _after_fork_in_child() -> None:
    global _opening  # noqa: PLW0603 - a thread of the parent may have held it
    _opening = threading.Lock()
    for folder in _folders.values():
        folder.close_in_child()
    _folders.clear()


if IS_POSSIBLE:
    after_in_child(_after_fork_in_child)
