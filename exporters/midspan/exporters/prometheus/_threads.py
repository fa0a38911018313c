"""Threads and sockets, as they were when this was imported.

Where gevent is patched in later, in the worker of a server that has loaded the application before, a new
thread would be a greenlet of the thread that makes it, which waits for the system and never comes to run it.
And a socket of gevent's would begin a loop in a thread of ours, while gevent is still beginning its own.
"""

from __future__ import annotations

import _socket
import socket
import time
from _thread import start_new_thread
from typing import Any

__all__ = ["Socket", "accepted", "pause", "start_thread"]

# Keeps no process alive.
start_thread = start_new_thread
pause = time.sleep
Socket = socket.socket


def accepted(listener: socket.socket) -> tuple[int, Any]:
    """Return the descriptor of the next connection, and its address.

    Raises:
        OSError: There is none in time, or the listener is closed.
    """
    if isinstance(listener, _socket.socket):
        # `accept` would make a socket of whatever class the module has now.
        descriptor, address = listener._accept()  # type: ignore[attr-defined]
        return descriptor, address
    connection, address = listener.accept()
    return connection.detach(), address
