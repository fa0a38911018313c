"""A web application as a prefork server loads it: each answer is one of a number of workers, and counted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from prometheus_client import make_wsgi_app

from midspan import metrics, sdk, trace
from midspan.exporters.prometheus import PrometheusExporter

if TYPE_CHECKING:
    from collections.abc import Iterable

# The directory is PROMETHEUS_MULTIPROC_DIR, the port OTEL_EXPORTER_PROMETHEUS_PORT.
EXPORTER = PrometheusExporter(host="127.0.0.1")
sdk.configure(service_name="shop", exporters=[EXPORTER])
METRICS = make_wsgi_app(EXPORTER.registry)
METER = metrics.get_meter("shop")
REQUESTS = METER.create_counter("requests")
LATENCY = METER.create_histogram("latency", unit="s")
BUSY = METER.create_up_down_counter("busy")
LAST = METER.create_gauge("last")


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Count a request, and say which process did; or tell what all have counted."""
    if environ["PATH_INFO"] == "/metrics":
        found: Iterable[bytes] = METRICS(environ, start_response)
        return found
    BUSY.add(1)
    with trace.get_tracer("shop").start_as_current_span("request"):
        REQUESTS.add(1, {"route": environ["PATH_INFO"]})
        LATENCY.record(0.25)
        LAST.set(os.getpid())
    BUSY.add(-1)
    start_response("200 OK", [("content-type", "text/plain")])
    return [str(os.getpid()).encode()]
