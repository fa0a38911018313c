"""Threads, as they were when this was imported.

Where gevent is patched in later, in the worker of a server that has loaded the application before, a new
thread would be a greenlet of the thread that makes it, which waits for the system and never comes to run it.
"""

from __future__ import annotations

import time
from _thread import start_new_thread

__all__ = ["pause", "start_thread"]

# Keeps no process alive.
start_thread = start_new_thread
pause = time.sleep
