"""Sockets of the system, where gevent has put its own in their place.

One of gevent's serves the thread that made it and no other, while connections are kept for whichever thread
comes next. So exporters block, away from greenlets. eventlet's sockets serve all threads, and are left to it.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

__all__ = ["original"]


def original(module: str, name: str) -> Any:  # noqa: ANN401 - whatever goes by that name
    """Return what a module of the standard library has by a name, or had before gevent came, or None."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_object_patched(module, name):
        return monkey.get_original(module, name)
    return getattr(importlib.import_module(module), name, None)
