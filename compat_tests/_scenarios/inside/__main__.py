"""Play a scenario and write the record as JSON: `python inside SCENARIO ACTOR OUTPUT [server=port ...]`.

A scenario is a module on PYTHONPATH, beside the `_stage` that it acts on. It says in `GIVES` which tree of
spans the library makes, and in `play(stage)` what is done.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path


def main(name: str, actor: str, output: str, *servers: str) -> None:
    """Play it."""
    # First of all: a scenario for gevent patches the standard library.
    scenario = importlib.import_module(name)
    from _stage import set_stage

    ports = {server: int(port) for server, port in (pair.split("=") for pair in servers)}
    stage = set_stage(actor, ports, scenario)
    scenario.play(stage)
    record = {"gives": scenario.GIVES, **stage.record()}
    Path(output).write_text(json.dumps(record, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
