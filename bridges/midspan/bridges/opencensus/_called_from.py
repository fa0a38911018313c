"""Tell what OpenCensus makes for want of anything else from what the application made."""

from __future__ import annotations

import sys

__all__ = ["is_opencensus_calling"]


def is_opencensus_calling() -> bool:
    """Say whether the caller of the caller's caller is a module of OpenCensus.

    Its configuration module evaluates what the application wrote, so that one is the application.
    """
    module: str = sys._getframe(2).f_globals.get("__name__", "")
    return module.startswith("opencensus.") and module != "opencensus.common.configuration"
