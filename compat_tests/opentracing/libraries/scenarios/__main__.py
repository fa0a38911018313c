"""Play a scenario and write the record as JSON: `python scenarios SCENARIO ACTOR OUTPUT [server=port ...]`.

A scenario is a module beside this file. It says in `GIVES` which tree of spans the library makes, in
`SCOPE_MANAGER`, if threads are not its kind of concurrency, which scope manager a plain tracer needs, and
in `play(stage)` what is done.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from _stage import set_stage


def main(name: str, actor: str, output: str, *servers: str) -> None:
    """Play it."""
    scenario = importlib.import_module(name)
    ports = {server: int(port) for server, port in (pair.split("=") for pair in servers)}
    stage = set_stage(actor, ports, getattr(scenario, "SCOPE_MANAGER", None))
    scenario.play(stage)
    record = {"gives": scenario.GIVES, **stage.record()}
    Path(output).write_text(json.dumps(record, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
