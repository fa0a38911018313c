"""Configure a process that `midspan run` has started, and wait for what it imports."""

from __future__ import annotations

import os

from midspan import sdk
from midspan._imports import when_imported
from midspan.cli.run._plug_in import PlugIn, say
from midspan.cli.run._points import registered
from midspan.cli.run._uwsgi import expect
from midspan.cli.run._wishes import VARIABLE, Wishes

__all__ = ["begin"]


def begin() -> None:
    """Do all of it; never raises: the program runs, instrumented or not."""
    try:
        wishes = Wishes.read(os.environ.get(VARIABLE, "{}"))
        expect()
        if sdk.get_pipeline() is None:
            sdk.configure(flush_on_sigterm=True)
        for point in registered():
            if wishes.refusal(point.name) is None:
                plug_in = PlugIn(point, wishes.options.get(point.name, {}))
                for module in plug_in.awaited():
                    when_imported(module, plug_in.turn_on)
    except Exception as error:  # noqa: BLE001 - a program must not fail to start because of its telemetry
        say(f"nothing is instrumented: {error}")
