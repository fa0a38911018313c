"""What the programs that handle secrets share: the secrets, and a pipeline with every integration on."""

from __future__ import annotations

import contextlib
import importlib
import logging
import sys
from importlib import metadata

from midspan import sdk

__all__ = ["BEARER", "COOKIE", "HEX", "LITERAL", "NUMBER", "PASSWORD", "TOKEN", "recorded", "tried"]

BEARER, COOKIE, TOKEN, LITERAL, PASSWORD, NUMBER, HEX = sys.argv[1].split(",")


@contextlib.contextmanager
def recorded(**hooks):
    """Record with every integration for the time of a block; print our log, and their names."""
    ours = logging.getLogger("midspan")
    ours.addHandler(logging.StreamHandler(sys.stdout))
    # What a library logs of an exception is its own.
    ours.propagate = False
    ours.setLevel(logging.DEBUG)
    pipeline = sdk.configure(service_name="shop", exporters=["otlp"])
    names = []
    for entry in metadata.entry_points(group="midspan.integrations"):
        importlib.import_module(entry.value).instrument(**hooks.get(entry.name, {}))
        names.append(entry.name)
    yield
    assert pipeline.force_flush(timeout_s=10)
    pipeline.shutdown(timeout_s=5)
    print(",".join(sorted(names)))


def tried(function, *arguments, **named):
    """Call something that may fail, and whose failure is told to no one here."""
    with contextlib.suppress(Exception):
        return function(*arguments, **named)
