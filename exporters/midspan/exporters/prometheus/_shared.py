"""Let several processes of one application tell of all of them, whichever is asked.

Each process writes what it has counted into a file: when a sibling that is being scraped rings its bell,
every few seconds, and at its end. Who is scraped rings, and adds up the files. So there is one way for all
numbers, a scrape tells how things are now, and what was told once is on disk: a total does not go back,
however a process ends.
"""

from __future__ import annotations

import hashlib
import re
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan import _trouble
from midspan._forks import after_in_child
from midspan.exporters.prometheus._archive import begin, gather
from midspan.exporters.prometheus._bell import Bell, ring
from midspan.exporters.prometheus._families import groups_of
from midspan.exporters.prometheus._folder import made_folder, open_folder
from midspan.exporters.prometheus._own import Own, about_of
from midspan.exporters.prometheus._snapshot import encode
from midspan.exporters.prometheus._threads import start_thread
from midspan.exporters.prometheus._whole import Part, in_common, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.exporters.prometheus._collector import Source
    from midspan.exporters.prometheus._families import Groups
    from midspan.exporters.prometheus._folder import Folder
    from midspan.exporters.prometheus._sharing import Sharing
    from midspan.exporters.prometheus._snapshot import Snapshot

__all__ = ["Shared"]

# How long a scrape waits for siblings that do not answer: they hang, or were stopped.
_RING_S: Final = 1.0
# How long anybody waits for who changes something.
_PATIENCE_S: Final = 5.0
# How long the end of a process may be put off by a thread that collects.
_LAST_S: Final = 0.5
_ODD: Final = re.compile(r"[^a-zA-Z0-9]+")


class _Seat(NamedTuple):
    """What a process holds in the folder while it lives."""

    folder: Folder
    place: int
    bell: Bell


class Shared:
    """This process among the others."""

    def __init__(self, sharing: Sharing, on_begin: Callable[[Folder], None]) -> None:
        """Take what to do once, in each process, when there is a folder: to listen, for instance."""
        self._sharing = sharing
        self._on_begin = on_begin
        self._source: Source | None = None
        self._folder: Folder | None = None
        self._begin()

    def _begin(self) -> None:
        """Be nobody yet; after a fork, again."""
        self._own = Own(scope_labels=self._sharing.scope_labels)
        self._writing = threading.Lock()
        self._seat: _Seat | None = None
        self._stopped = threading.Event()

    def follow(self, source: Source) -> None:
        """Tell of a pipeline from now on.

        Raises:
            OSError: The folder cannot be used.
            ConfigurationError: Whatever is done at the beginning cannot be.
        """
        is_new = self._source is None
        self._source = source
        if is_new and not _is_mould():
            try:
                folder = self._enter()
                self._seated(folder)
                self._on_begin(folder)
            except BaseException:
                self.unfollow()
                raise
            self._start(self._stopped)
        _live.add(self)
        _watch_forks()

    def unfollow(self) -> None:
        """Tell of nothing any more: what was written last stays, and is taken in by those who live on."""
        self._source = None
        _live.discard(self)
        stopped, self._stopped = self._stopped, threading.Event()
        stopped.set()
        seat = self._seat
        if seat is not None:
            ring([seat.bell.path], 0)
        if not self._writing.acquire(timeout=_LAST_S):
            return
        try:
            self._leave()
        finally:
            self._writing.release()

    def _enter(self) -> Folder:
        """Open the folder of this service: several services may share a directory."""
        path = self._sharing.directory / _folder_name(about_of(self._source))
        made_folder(path)
        self._folder = open_folder(path)
        return self._folder

    def _leave(self) -> None:
        seat, self._seat = self._seat, None
        if seat is not None:
            seat.bell.close()
            seat.folder.give_back(seat.place)
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.leave()

    def _start(self, stopped: threading.Event) -> None:
        start_thread(self._work, (stopped,))

    def _work(self, stopped: threading.Event) -> None:
        """Write now, and whenever somebody rings or the interval is over."""
        callers: list[int] = []
        while True:
            if not stopped.is_set():
                self._try_to_write()
            Bell.answer(callers)
            if stopped.is_set():
                return
            seat = self._seat
            if seat is None:
                callers = []
                stopped.wait(self._sharing.interval_s)
            else:
                callers = seat.bell.wait(self._sharing.interval_s)

    def _try_to_write(self) -> None:
        try:
            self.snapshot()
        except Exception as error:  # noqa: BLE001 - a folder that is full now may have room later
            _trouble.note("prometheus.snapshot", "what was counted cannot be shared", error=error)

    def snapshot(self, patience_s: float = _PATIENCE_S) -> Snapshot | None:
        """Write what this process has counted until now, and return it; None without a pipeline.

        Raises:
            OSError: It cannot be written.
            TimeoutError: Another thread has been at it for `patience_s` seconds.
        """
        if not self._writing.acquire(timeout=patience_s):
            raise TimeoutError("another thread has been collecting for too long")
        try:
            source = self._source
            if source is None:
                return None
            own = self._own.snapshot(source)
            seat = self._at_home()
            seat.folder.write(seat.place, encode(own))
            seat.folder.touch()
            return own
        finally:
            self._writing.release()

    def _at_home(self) -> _Seat:
        folder = self._folder
        if folder is None or folder.is_lost():
            # Somebody has emptied the directory: all who live come back with all that they have counted.
            self._leave()
            folder = self._enter()
            self._try_to_begin(folder)
        return self._seat or self._seated(folder)

    def _try_to_begin(self, folder: Folder) -> None:
        try:
            self._on_begin(folder)
        except Exception as error:  # noqa: BLE001 - who cannot be asked can still tell the others
            _trouble.note("prometheus.no_port", "this process cannot be scraped", error=error)

    def _seated(self, folder: Folder) -> _Seat:
        with folder.alone(_PATIENCE_S):
            place = begin(folder, self._own.run, self._sharing.gauges)
        try:
            self._seat = _Seat(folder, place, Bell(folder.path / f"{place}.bell"))
        except OSError:
            folder.give_back(place)
            raise
        return self._seat

    def collect(self) -> tuple[dict[str, str], Groups]:
        """Return the labels of `target_info`, and what all processes together have counted until now.

        Raises:
            OSError: The folder cannot be used; a part is not to be taken for the whole.
        """
        own, seat = self.snapshot(), self._seat
        if own is None or seat is None:
            return {}, groups_of(())
        folder, place = seat.folder, seat.place
        silent = ring([path for path in folder.path.glob("*.bell") if path != seat.bell.path], _RING_S)
        if silent:
            _trouble.note("prometheus.silent", "%s processes do not say what they have counted since", silent)
        with folder.alone(_PATIENCE_S):
            parts = [*gather(folder, self._sharing.gauges, place), Part(own, place)]
        parts.sort(key=lambda part: -1 if part.place is None else part.place)
        about = in_common([part.snapshot.about for part in parts if part.place is not None])
        return about, whole(parts, self._sharing.gauges)

    def after_fork(self) -> None:
        """Begin anew in a child: another life, which has counted nothing."""
        if self._seat is not None:
            self._seat.bell.close_in_child()
        self._folder = None
        self._begin()
        self._start(self._stopped)


def _folder_name(about: dict[str, str]) -> str:
    """Return a name that tells people which service it is, and that no other service has."""
    service = [about.get(f"service_{part}", "") for part in ("namespace", "name")]
    shown = _ODD.sub("-", "-".join(part for part in service if part)).strip("-")[:40]
    return f"midspan-{shown}-{hashlib.sha256(repr(service).encode()).hexdigest()[:8]}"


def _is_mould() -> bool:
    """Say whether this process is uWSGI's master: it forks the workers, and after that runs no Python."""
    server: Any = sys.modules.get("uwsgi")
    return server is not None and not server.worker_id() and not server.mule_id()


_live: Final[weakref.WeakSet[Shared]] = weakref.WeakSet()
_watching: list[Callable[[], None]] = []


def _watch_forks() -> None:
    """See to children, in their turn: when counts have begun anew and the parent's sockets are closed.

    The pipeline that is followed has seen to the former when it was imported.
    """
    if not _watching:
        from midspan.exporters.prometheus import _server  # noqa: PLC0415, F401 - needs prometheus_client

        _watching.append(_after_fork_in_child)
        after_in_child(_after_fork_in_child)


def _after_fork_in_child() -> None:
    for shared in list(_live):
        shared.after_fork()
