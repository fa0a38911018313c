"""Ask other processes of this machine to do something now, and wait for them, but not for long."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from midspan.exporters.prometheus._threads import Socket, accepted, pause

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Bell", "is_reachable", "ring"]

# What fits the address of a Unix socket everywhere.
_MAX_PATH: Final = 100
_DESCRIPTORS: Final = Path("/proc/self/fd")
_CALLERS: Final = 16
_PAUSE_S: Final = 0.25


class Bell:
    """A Unix socket at a path: whoever connects wants an answer, which is that the connection is closed."""

    def __init__(self, path: Path) -> None:
        """Listen, in place of whoever had the path before.

        Raises:
            OSError: Nobody can listen there.
        """
        self.path = path
        path.unlink(missing_ok=True)
        self._socket = Socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _short(path) as address:
                self._socket.bind(address)
            self._socket.listen(_CALLERS)
        except OSError:
            self._socket.close()
            raise

    def wait(self, timeout_s: float) -> list[int]:
        """Return who has rung, after `timeout_s` seconds at most; `answer` them when it is done."""
        callers: list[int] = []
        for patience_s in (timeout_s, *[0.0] * (_CALLERS - 1)):
            try:
                self._socket.settimeout(patience_s)
                callers.append(accepted(self._socket)[0])
            except (TimeoutError, BlockingIOError):  # Nobody, or nobody any more.
                break
            except OSError:  # The socket is closed; or there is no descriptor left, which may pass.
                pause(min(timeout_s, _PAUSE_S))
                break
        return callers

    @staticmethod
    def answer(callers: Iterable[int]) -> None:
        """Let who has rung know that it is done."""
        for caller in callers:
            os.close(caller)

    def close(self) -> None:
        """Listen no more."""
        self.path.unlink(missing_ok=True)
        self._socket.close()

    def close_in_child(self) -> None:
        """Close the copy that a child was born with: it is the parent who answers."""
        self._socket.close()


def ring(paths: Iterable[Path], patience_s: float) -> int:
    """Ring at all paths, and wait until all who are there have answered; return how many did not in time."""
    deadline_s = time.monotonic() + patience_s
    with contextlib.ExitStack() as stack:
        called = []
        for path in paths:
            caller = stack.enter_context(Socket(socket.AF_UNIX, socket.SOCK_STREAM))
            caller.setblocking(False)  # noqa: FBT003 - as the standard library has it
            with contextlib.suppress(OSError), _short(path) as address:
                caller.connect(address)
                called.append(caller)
        return sum(not _has_answered(caller, deadline_s) for caller in called)


def _has_answered(caller: socket.socket, deadline_s: float) -> bool:
    caller.settimeout(max(0.0, deadline_s - time.monotonic()))
    try:
        return caller.recv(1) == b""
    except ConnectionError:  # It has ended.
        return True
    except OSError:
        return False


def is_reachable(path: Path) -> bool:
    """Say whether a path is short enough for the address of a socket, or can be made so."""
    return len(os.fsencode(path)) <= _MAX_PATH or _DESCRIPTORS.is_dir()


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """Give a path a name that fits an address."""
    if len(os.fsencode(path)) <= _MAX_PATH:
        yield str(path)
        return
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield str(_DESCRIPTORS / str(descriptor) / path.name)
    finally:
        os.close(descriptor)
