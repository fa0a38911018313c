"""Play applications that have a legacy library, with the integration on before it and after; tell what came.

    python _play.py opencensus_ext_requests requests_opentracing ...

An application, `use_<name>.py`, says which `BRIDGE` and which `INTEGRATIONS` are on, sets the legacy library
up as its README says (`set_up`), and does something with it (`ask`). The library that both are for is
imported first; the legacy library in `set_up`, before the integration or after. Each is played in a process
of its own. With `--under-run`, the one that is named is set up by `midspan run`, and this is the program.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import signal
import sys
import traceback

import _stage

from midspan import sdk, trace
from midspan.testing import MemoryExporter

ORDERS = ("integration first", "legacy first")
PATIENCE_S = 60
# What several of them import, and takes long to come, is imported once; nothing legacy is among it.
SLOW = (
    "celery.app.task",
    "django.core.handlers.wsgi",
    "fastapi",
    "flask",
    "grpc",
    "httpx",
    "midspan.bridges.opencensus",
    "midspan.bridges.opentracing",
    "mysql.connector",
    "pkg_resources",
    "pymongo",
    "sqlalchemy.orm",
)
MEMORY = MemoryExporter()
TOLD = []


class _Listener(logging.Handler):
    def emit(self, record):
        """Keep what midspan says."""
        TOLD.append(record.getMessage())


def main(*names):
    """Print one record for each application and order."""
    if names[0] == "--under-run":
        print(json.dumps(played(f"use_{names[1]}", "under run")))
        return
    for module in SLOW:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    records = {name: forked(lambda name=name: _in_both_orders(f"use_{name}")) for name in names}
    print(json.dumps(records))


def _in_both_orders(module):
    importlib.import_module(module)
    return {order: forked(lambda order=order: played(module, order)) for order in ORDERS}


def played(module, order):
    """Set everything up in the order that is asked for, ask, and return what was recorded and said."""
    signal.alarm(PATIENCE_S)
    logging.getLogger("midspan").setLevel(logging.INFO)
    logging.getLogger("midspan").addHandler(_Listener())
    app = importlib.import_module(module)
    sdk.configure(service_name="shop", exporters=[MEMORY])
    if order != "under run":
        importlib.import_module(f"midspan.bridges.{app.BRIDGE}").install()
    if order == "integration first":
        _instrument(app)
    app.set_up()
    if order == "legacy first":
        _instrument(app)
    with trace.get_tracer("new code").start_as_current_span("page"):
        app.ask()
    sdk.get_pipeline().force_flush(timeout_s=5)
    return {
        "gives": _stage.tree(MEMORY.spans),
        "promised": app.GIVES.strip(),
        "said": TOLD,
        "measured": sorted({metric.scope.name.rpartition(".")[2] for metric in MEMORY.metrics}),
        "notes": _stage.NOTES,
        "promised notes": getattr(app, "NOTES", []),
    }


def _instrument(app):
    for name in app.INTEGRATIONS:
        importlib.import_module(f"midspan.integrations.{name}").instrument()


def forked(function):
    """Call a function in a process of its own, and return what it returns; None if it fails."""
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with os.fdopen(sending, "w") as pipe:
                json.dump(function(), pipe)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(sending)
    with os.fdopen(receiving) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return json.loads(told) if told else None


if __name__ == "__main__":
    main(*sys.argv[1:])
