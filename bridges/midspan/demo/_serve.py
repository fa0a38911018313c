"""Run one service of the demo: configure midspan, install the bridge it needs, serve until told to stop.

These few lines are all that a legacy service needs: its own code stays as it is.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from midspan import sdk
from midspan.demo._services import SERVICES
from midspan.exporters.jsonl import JSONLinesExporter

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_FLUSH_TIMEOUT_S: Final = 10.0


def main(name: str, path: str, exporter: str, endpoint: str) -> None:
    """Serve `name`, writing its spans and metrics to a file and, if so told, to a collector."""
    exporters: list[Any] = [JSONLinesExporter(path)]
    if exporter == "otlp":
        from midspan.exporters.otlp import OTLPExporter  # noqa: PLC0415 - brings `requests` along

        exporters.append(OTLPExporter(endpoint or None))
    # The table at the end is to show the shop's own metrics, and no others.
    pipeline = sdk.configure(service_name=name, exporters=exporters, sampler="always_on", self_metrics=False)
    interface = next(service.interface for service in SERVICES if service.name == name)
    server = _STARTERS[interface](name)
    _say("port", server.server_port)
    os.environ.update(json.loads(sys.stdin.readline() or "{}"))
    threading.Thread(target=_stop_with_stdin, args=(server,), daemon=True).start()
    server.serve_forever()
    server.server_close()
    _say("delivered", pipeline.shutdown(timeout_s=_FLUSH_TIMEOUT_S))


def _opentracing(name: str) -> Any:  # noqa: ANN401 - one of two kinds of server
    """Make a Flask application serve that was written for OpenTracing."""
    from midspan.bridges import opentracing  # noqa: PLC0415 - each service has one of the libraries

    opentracing.install()
    return _flask(name)


def _opencensus(name: str) -> Any:  # noqa: ANN401 - as above
    """Make a Flask application serve that was written for OpenCensus."""
    from midspan.bridges import opencensus  # noqa: PLC0415 - as above

    opencensus.install()
    return _flask(name)


def _flask(name: str) -> Any:  # noqa: ANN401 - as above
    from werkzeug.serving import make_server  # noqa: PLC0415 - Flask is only where it is used

    module = importlib.import_module(f"midspan.demo.{name}")
    _be_silent()
    return make_server("127.0.0.1", 0, module.app, threaded=True)


def _native(name: str) -> Any:  # noqa: ANN401 - as above
    """Make a handler of the standard library serve."""
    module = importlib.import_module(f"midspan.demo.{name}")
    return ThreadingHTTPServer(("127.0.0.1", 0), module.Handler)


_STARTERS: Final[dict[str, Callable[[str], Any]]] = {
    "opentracing": _opentracing,
    "opencensus": _opencensus,
    "native": _native,
}


def _be_silent() -> None:
    """Keep Flask's line for each request off the terminal."""
    import logging  # noqa: PLC0415 - its one use

    logging.getLogger("werkzeug").setLevel(logging.ERROR)


def _stop_with_stdin(server: Any) -> None:  # noqa: ANN401 - one of two kinds of server
    sys.stdin.read()
    server.shutdown()


def _say(what: str, value: object) -> None:
    print(what, value, flush=True)  # noqa: T201 - to the process that started this one


if __name__ == "__main__":
    main(*sys.argv[1:])
