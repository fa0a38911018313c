"""Run an OpenCensus application that knows nothing of midspan; print what it made, as JSON.

`python inside.py plain` runs it on OpenCensus alone, `bridge` over midspan.
"""

from __future__ import annotations

import http.server
import json
import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import requests
from opencensus.ext.logging.trace import trace_integration as trace_logging
from opencensus.ext.requests.trace import trace_integration as trace_requests
from opencensus.ext.threading.trace import trace_integration as trace_threading
from opencensus.trace import base_exporter, execution_context, samplers
from opencensus.trace.tracer import Tracer


class Kept(base_exporter.Exporter):
    """Keep what is exported."""

    def __init__(self):
        self.spans = []

    def export(self, span_datas):
        self.spans.extend(span_datas)


class Echo(http.server.BaseHTTPRequestHandler):
    """Answer with the caller's `traceparent`; `/gone` is not there."""

    def do_GET(self):
        self.send_response(404 if self.path == "/gone" else 200)
        self.end_headers()
        self.wfile.write(self.headers.get("traceparent", "").encode())

    def log_message(self, *args):
        pass


def application(exporter):
    """Return what the application itself saw: headers that it sent, ids in its log."""
    seen = {}
    tracer = Tracer(sampler=samplers.AlwaysOnSampler(), exporter=exporter)
    for integrate in (trace_threading, trace_requests, trace_logging):
        integrate()
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    log = logging.getLogger("shop")
    log.addHandler(handler)
    server = http.server.HTTPServer(("127.0.0.1", 0), Echo)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    url = f"http://127.0.0.1:{server.server_port}"
    with tracer.span("request") as root:
        seen["header"] = requests.get(f"{url}/cart", timeout=5).text
        seen["gone"] = requests.get(f"{url}/gone", timeout=5).text
        log.warning("charged")
        thread = threading.Thread(target=in_thread)
        thread.start()
        thread.join()
        with ThreadPoolExecutor(1) as pool:
            seen["result"] = pool.submit(in_pool, 20, more=1).result()
    server.shutdown()
    serving.join()
    server.server_close()
    seen["log"] = (records[0].spanId == root.span_id, records[0].traceSampled)
    return seen


def in_thread():
    """Trace in a thread."""
    with execution_context.get_opencensus_tracer().span("in thread"):
        execution_context.get_opencensus_tracer().add_attribute_to_current_span("k", 1)


def in_pool(number, more):
    """Trace in a thread of a pool."""
    with execution_context.get_opencensus_tracer().span("in pool"):
        return number + more


def main(mode):
    """Run the application and print the record."""
    exporter = Kept()
    if mode == "bridge":
        from midspan import sdk, testing
        from midspan.bridges import opencensus as bridge
        from midspan.bridges.opencensus import _reverse

        memory = testing.MemoryExporter()
        pipeline = sdk.configure(exporters=[memory], strict=True, environment={})
        bridge.install(legacy_exporters="replace")
        seen = application(exporter)
        assert pipeline.force_flush(5)
        spans = [_reverse.span_data(span) for span in memory.spans]
    else:
        seen = application(exporter)
        spans = exporter.spans
    print(json.dumps(record(seen, spans)))


def record(seen, spans):
    """Show spans by their names, which unlike ids are the same in every run."""
    names = {span.span_id: span.name for span in spans}
    headers = {key: names[seen.pop(key).split("-")[2]] for key in ("header", "gone")}
    rows = [
        {
            "name": span.name if "Thread" not in span.name else "a thread of the pool",
            "parent": names.get(span.parent_span_id, span.parent_span_id),
            "kind": span.span_kind,
            "status": span.status.code,
            "attributes": {
                key: value for key, value in span.attributes.items() if "127.0.0.1" not in str(value)
            },
        }
        for span in spans
    ]
    traces = len({span.context.trace_id for span in spans})
    return {"spans": sorted(rows, key=str), "traces": traces, **seen, **headers}


if __name__ == "__main__":
    main(sys.argv[1])
