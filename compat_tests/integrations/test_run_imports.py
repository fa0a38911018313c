"""What `midspan run` observes, it does not import: an application pays for no module that it does not use."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from compat_tests.integrations._editions import EDITIONS

pytestmark = pytest.mark.slow
TOLD = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps(sorted(sys.modules)))
"""
LIBRARIES = """
import json
from importlib import metadata
points = metadata.entry_points(group="midspan.integrations")
libraries = [point.load().LIBRARY for point in points]
print(json.dumps([library.module for library in libraries if library.trouble() is None]))
"""
# What applications use without the rest.
PARTS = ["django.utils.functional", "celery.schedules", "starlette.datastructures"]
# What every channel, and every server, is made of: 5 ms.
OF_GRPC = {"grpc._channel", "grpc._interceptor", "grpc._server", "grpc._simple_stubs", "grpc.experimental"}


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.name)
def test_no_module_of_a_library_is_imported_that_the_program_does_not_import(edition):
    """Of all libraries, when their top modules are imported: what is there is there without us, too."""
    python = edition.interpreter()
    modules = [*asked(python, LIBRARIES), *PARTS]
    told = [TOLD, json.dumps(modules)]
    assert {"django", "celery", "redis"} <= set(modules)
    # What midspan itself needs is there from the start.
    ours = set(asked(python, TOLD, "[]", run=True))
    added = set(asked(python, *told, run=True)) - set(asked(python, *told)) - ours - OF_GRPC
    assert set() == {name for name in added if not name.startswith("midspan.")}


def asked(python, code, *arguments, run=False):
    """Return what a program prints, plain or under `midspan run`."""
    command = [str(python.with_name("midspan")), "run"] if run else []
    done = subprocess.run(
        [*command, str(python), "-W", "ignore", "-c", code, *arguments],
        env={"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "" == done.stderr
    return json.loads(done.stdout)
