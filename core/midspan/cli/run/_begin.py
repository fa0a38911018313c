"""Configure a process that `midspan run` has started, and wait for what it imports."""

from __future__ import annotations

import functools
import os
import sys

from midspan import sdk
from midspan._imports import when_imported
from midspan.cli.run._plan import plan
from midspan.cli.run._wishes import VARIABLE, Wishes

__all__ = ["begin"]


def begin() -> None:
    """Do all of it; never raises: the program runs, instrumented or not."""
    try:
        wishes = Wishes.read(os.environ.get(VARIABLE, "{}"))
        if sdk.get_pipeline() is None:
            sdk.configure(flush_on_sigterm=True)
        _wait(wishes)
    except Exception as error:  # noqa: BLE001 - a program must not fail to start because of its telemetry
        print(f"midspan run: nothing is instrumented: {error}", file=sys.stderr)


def _wait(wishes: Wishes) -> None:
    for row in plan(wishes):
        if row.refusal is not None:
            if row.refusal.startswith("broken"):
                print(f"midspan run: {row.name} is left out; {row.refusal}", file=sys.stderr)
            continue
        act = functools.partial(row.act, **wishes.options.get(row.name, {}))
        if not row.modules:
            when_imported("sys", act)
        for module in row.modules:
            when_imported(module, act)
